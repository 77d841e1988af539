/* What the page does by itself, without asking the server. Elements come and go: all is heard on the document. */
(() => {
  const TYPING_RESTS_MS = 500;
  const SHORTEST_FILE = 8; // in characters; a shorter fragment is a place on the page
  const find = (selector, within = document) => within.querySelector(selector);
  const press = (selector) => find(selector)?.click();

  /* What is seen until the page is there goes when the same pictures are on it. */
  (function uncover() {
    const cover = find("#first-paint"), pictures = [...document.querySelectorAll("#trio img")];
    if (pictures.length && pictures.every((image) => image.complete)) cover?.remove();
    else if (cover) requestAnimationFrame(uncover);
  })();

  /* Two pictures under a divider. */
  const dialog = document.createElement("dialog");
  dialog.id = "zoom";
  dialog.setAttribute("aria-label", "Two pictures under a divider");
  dialog.innerHTML = `
    <form method="dialog"><div role="group" aria-label="Which two pictures" class="ts-pairs"></div>
      <button class="ts-close" aria-label="Close">×</button></form>
    <div class="ts-divided"><img class="ts-left"/><img class="ts-right"/><i></i>
      <span class="ts-tag ts-tag-left"></span><span class="ts-tag ts-tag-right"></span>
      <input type="range" min="0" max="100" value="50" step="0.5" aria-label="Where the divider stands, in percent"/></div>`;
  const divided = find(".ts-divided", dialog), divider = find("input", dialog);

  function divide() {
    divided.style.setProperty("--at", `${divider.value}%`);
  }

  function fitPictures(width, height) {
    const scale = Math.min((innerWidth - 32) / width, (innerHeight - 96) / height);
    divided.style.width = `${Math.floor(width * scale)}px`;
    divided.style.height = `${Math.floor(height * scale)}px`;
  }

  function showPair(told, [left, right]) {
    for (const [side, name] of [["left", left], ["right", right]]) {
      const about = told.pictures[name];
      const image = find(`.ts-${side}`, dialog);
      image.src = about.source;
      image.alt = about.alt;
      find(`.ts-tag-${side}`, dialog).textContent = `${about.title} ${about.size}`;
    }
    for (const button of dialog.querySelectorAll(".ts-pairs button"))
      button.setAttribute("aria-pressed", button.dataset.pair === `${left} ${right}`);
    divide();
  }

  function enlarge(trio, wanted) {
    const told = JSON.parse(trio.dataset.pictures);
    const image = find("img", trio);
    find(".ts-pairs", dialog).replaceChildren(...told.pairs.map((pair) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.pair = pair.join(" ");
      button.textContent = pair.map((name) => told.pictures[name].title).join(" | ");
      button.addEventListener("click", () => showPair(told, pair));
      return button;
    }));
    divider.value = 50;
    showPair(told, wanted);
    const fit = () => fitPictures(Number(image.getAttribute("width")), Number(image.getAttribute("height")));
    fit();
    addEventListener("resize", fit);
    dialog.addEventListener("close", () => removeEventListener("resize", fit), { once: true });
    document.body.append(dialog);
    dialog.showModal();
    divider.focus();
  }

  divider.addEventListener("input", divide);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

  document.addEventListener("click", (event) => {
    const picture = event.target.closest(".ts-trio[data-pictures] .ts-picture");
    if (picture) {
      const pairs = { original: ["original", "decoded"], decoded: ["original", "decoded"], jpeg: ["jpeg", "decoded"] };
      enlarge(picture.closest(".ts-trio"), pairs[picture.dataset.name]);
    }
    const invented = event.target.closest("[data-show-pair]");
    if (invented) enlarge(find("#trio .ts-trio"), invented.dataset.showPair.split(" "));
    if (event.target.closest("#settings-toggle")) openSettings(!settingsAreOpen());
    const words = event.target.closest("[data-words]");
    if (words) typeCaption(words.dataset.words);
    const copy = event.target.closest("[data-copy]");
    // The link of a result that is no longer that of the settings, or not yet, is not what one wants.
    const old = copy?.closest("#result")?.querySelector("#status :is(.ts-stale, .ts-error, .ts-working)");
    if (copy && !old) copyText(copy);
  });

  /* A choice is encoded at once, a text when typing rests. */
  const TYPED = "#caption textarea, #bytes input, #advanced :is(input[type=number], input[type=text]:not([role]), textarea)";
  let resting;
  document.addEventListener("input", (event) => {
    if (!event.target.matches?.(TYPED)) return;
    clearTimeout(resting);
    resting = setTimeout(() => press("#ask"), TYPING_RESTS_MS);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest?.("#settings")) {
      clearTimeout(resting);
      press("#ask");
    }
  });

  function typeCaption(text) {
    const box = find("#caption textarea");
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /* On a phone the settings lie in a bar at the bottom that opens. */
  const settingsAreOpen = () => find("#settings").hasAttribute("data-open");
  function openSettings(open) {
    find("#settings").toggleAttribute("data-open", open);
    find("#settings-toggle")?.setAttribute("aria-expanded", open);
  }

  /* A picture or a file pasted or dropped anywhere. */
  function bring(file) {
    const picture = file.type.startsWith("image/");
    if (!picture && !file.name.toLowerCase().endsWith(".tsk")) return false;
    const shown = (selector) => find(selector)?.offsetParent != null;
    let where = picture ? "#edit-other" : "#edit-tsk";
    if (!shown(where)) {
      const decoding = !picture || shown("#tsk");
      where = decoding ? "#tsk" : "#picture";
      if (!shown(where)) showTab(decoding ? "decode" : "encode");
    }
    const emptied = find(`${where} input[type=file]`) ? 0 : 50;
    let left = 40;
    (function hand() {
      const input = find(`${where} input[type=file]`);
      if (input) {
        const files = new DataTransfer();
        files.items.add(file);
        input.files = files.files;
        input.dispatchEvent(new Event("change", { bubbles: true }));
      } else {
        if (left === 40) press(`${where} button[aria-label="Clear"], ${where} button[aria-label="Remove Image"]`);
        if (left-- > 0) setTimeout(hand, emptied);
      }
    })();
    return true;
  }
  document.addEventListener("paste", (event) => {
    const file = event.clipboardData?.files[0];
    if (file && bring(file)) event.preventDefault();
  });
  const dropped = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  document.addEventListener("dragover", (event) => { if (dropped(event)) event.preventDefault(); });
  document.addEventListener("drop", (event) => {
    const file = event.dataTransfer?.files[0];
    if (!file?.name.toLowerCase().endsWith(".tsk") || event.target.closest?.("#tsk, #edit-tsk, #edit-other")) return;
    event.preventDefault();
    event.stopPropagation(); // a control for pictures would refuse it
    bring(file);
  }, true);
  document.addEventListener("drop", (event) => {
    if (!dropped(event) || event.defaultPrevented) return;
    event.preventDefault();
    if (event.dataTransfer.files[0]) bring(event.dataTransfer.files[0]);
  });

  /* The address bar follows mode and budget. */
  function remember(mode, budget) {
    const address = new URL(location.href);
    for (const [name, value] of [["mode", mode], ["budget", String(budget)]]) address.searchParams.set(name, value);
    address.searchParams.delete("tsk");
    address.hash = "";
    history.replaceState(history.state, "", address);
  }

  /* Links. */
  function here() {
    return location.origin + location.pathname;
  }
  async function copyText(button) {
    const text = new URL(button.dataset.copy, here().replace(/\/?$/, "/")).href;
    const said = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch { /* not allowed here, as on a page without https: the text is shown to be copied by hand */
      prompt("Copy this link:", text);
      return;
    }
    setTimeout(() => { button.textContent = said; }, 1500);
  }

  /* Tabs, which Back and Forward go through. */
  let travelling = false;
  function showTab(name) {
    press(`#tab-${name}-button`);
    scrollTo(0, 0);
  }
  document.addEventListener("click", (event) => {
    const name = event.target.closest?.("[role=tab]")?.id.match(/^tab-(.+)-button$/)?.[1];
    if (name && !travelling && name !== (history.state?.tab ?? "encode")) history.pushState({ tab: name }, "");
  });
  addEventListener("popstate", (event) => {
    travelling = true;
    showTab(event.state?.tab ?? "encode");
    travelling = false;
  });
  function arrive() {
    const brings = new URLSearchParams(location.search).has("tsk") || location.hash.length > SHORTEST_FILE;
    if (brings) showTab("decode");
    return brings ? location.href : "";
  }

  window.textsketch = { remember, here, openSettings, showTab, arrive };
})();
