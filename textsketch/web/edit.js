/* The Edit tab's canvas. What is drawn becomes messages to the server, one at a time; see edit_requests.py. */
const SIZES = { line: 4, rub: 20, mask: 36, unmask: 36 }; // of brushes, in pixels of the screen
const HANDLE = 10, NUDGE = 8;
const LONGEST = 1024; // pixels of the canvas along a side
const MARK = "#ff2d95";
const find = (selector) => document.querySelector(selector);

function sheet(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

/* What is opaque on a canvas, in one colour. */
function filled(source, colour, right = 0, down = 0) {
  const canvas = sheet(source.width, source.height), pen = canvas.getContext("2d");
  pen.drawImage(source, right, down);
  pen.globalCompositeOperation = "source-in";
  pen.fillStyle = colour;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  return canvas;
}

const png = (source) => filled(source, "#fff").toDataURL("image/png").split(",")[1];

export function mount(root) {
  const part = (selector) => root.querySelector(selector);
  const editor = part(".ts-editor"), frame = part(".ts-canvas"), picture = part("img"), canvas = part("canvas");
  const pen = canvas.getContext("2d");
  const colour = part("[name=colour]"), size = part("[name=size]"), coloured = part("[name=coloured]");
  const showLines = part("[name=lines]");
  let scene = null, told = { scene: "", standing: "" }, loading = false;
  let tool = "line", mask = sheet(1, 1), lines = null, ink = [], stroke = null, drag = null, joint = null, hover = null;
  let used = false; // the marks were acted upon: they let the outcome be seen
  let erased = null; // the marks that went with what was erased, until that is undone
  let serial = 0, outstanding = 0, answered = 0, queue = [], current = null;

  /* Messages. */
  function send(request, drawn = null) {
    if (!scene) return;
    erased = null;
    queue.push({ ...request, serial: ++serial });
    if (drawn) ink.push({ serial, drawn });
    pump();
  }
  function pump() {
    if (!queue.length || answered < outstanding) return;
    current = queue.shift();
    outstanding = current.serial;
    find("#edit-ask").click();
  }
  function asked() {
    const message = current ? JSON.stringify(current) : "";
    current = null;
    return message;
  }
  function message(request, values) {
    if (!scene) return "";
    outstanding = ++serial;
    return JSON.stringify({ do: request, serial, picture: png(mask), ...values });
  }
  function lost() {
    answered = outstanding;
    settle();
  }
  function settle() {
    if (!loading) ink = ink.filter((one) => one.serial > answered);
    draw();
    pump();
  }

  /* What the server tells. */
  function listen() {
    for (const name of ["scene", "standing"]) {
      const text = find(`#edit-${name} [data-${name}]`)?.dataset[name] ?? "";
      if (text === told[name]) continue;
      told[name] = text;
      if (text) ({ scene: newScene, standing: newStanding })[name](JSON.parse(text));
    }
  }
  async function newScene(next) {
    if (scene?.sheet !== next.sheet) {
      queue = [], ink = [], outstanding = answered = serial;
      mask = sheet(1, 1);
    }
    scene = next;
    loading = true;
    const [painted, drawn] = await Promise.all([load(next.picture), next.lines && load(next.lines)]);
    if (scene !== next) return;
    loading = false;
    if (joint && !next.people[joint.person]?.[joint.joint]) joint = null;
    if (painted.naturalWidth) { // else it cannot be had: what was there stays
      picture.src = painted.src;
      picture.hidden = false;
    }
    lines = drawn;
    const shrink = Math.min(1, LONGEST / Math.max(...next.size)); // the picture comes in several sizes
    const [width, height] = next.size.map((side) => Math.max(1, Math.round(side * shrink)));
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    if (mask.width !== width || mask.height !== height) mask = sheet(width, height);
    frame.style.setProperty("--ratio", next.size[0] / next.size[1]);
    editor.toggleAttribute("data-ready", true);
    part("[data-tool=joint]").hidden = !next.people.length;
    if (tool === "joint" && !next.people.length) choose("line");
    settle();
  }
  function newStanding(standing) {
    answered = Math.max(answered, standing.answered);
    part("[data-do=undo]").disabled = !standing.undo;
    part("[data-do=redo]").disabled = !standing.redo;
    settle();
  }
  const load = (address) => new Promise((done) => {
    const image = new Image();
    image.onload = image.onerror = () => done(image);
    image.src = address;
  });

  /* What is seen over the picture. */
  function draw() {
    pen.clearRect(0, 0, canvas.width, canvas.height);
    if (!scene) return;
    if (showLines.checked && lines?.naturalWidth) {
      pen.globalAlpha = 0.65;
      pen.drawImage(bothWays(lines), 0, 0, canvas.width, canvas.height);
    }
    pen.globalAlpha = 1;
    if (drag) {
      const piece = sheet(canvas.width, canvas.height), cut = piece.getContext("2d");
      cut.drawImage(mask, 0, 0);
      cut.globalCompositeOperation = "source-in";
      cut.drawImage(picture, 0, 0, piece.width, piece.height);
      pen.drawImage(piece, drag.right, drag.down);
    }
    if (stroke?.canvas === mask) used = false;
    pen.globalAlpha = used ? 0.15 : 0.45;
    pen.drawImage(filled(mask, MARK), drag?.right ?? 0, drag?.down ?? 0);
    pen.globalAlpha = 1;
    for (const { drawn } of ink) pen.drawImage(drawn, 0, 0);
    if (stroke && stroke.canvas !== mask) pen.drawImage(stroke.canvas, 0, 0);
    if (tool === "joint") drawPeople();
    if (hover && tool in SIZES) {
      pen.strokeStyle = "#000", pen.lineWidth = 1.5 * scale();
      pen.beginPath();
      pen.arc(...hover, width() / 2, 0, 2 * Math.PI);
      pen.stroke();
      pen.strokeStyle = "#fff", pen.lineWidth = 0.75 * scale();
      pen.stroke();
    }
  }
  let white = null;
  function bothWays(image) { // light lines on dark pictures would not be seen as dark ones, nor the reverse: both
    if (white?.image === image) return white.canvas;
    const plain = sheet(image.naturalWidth, image.naturalHeight);
    plain.getContext("2d").drawImage(image, 0, 0);
    const both = sheet(plain.width, plain.height), over = both.getContext("2d");
    over.filter = "blur(1px)";
    over.drawImage(filled(plain, "#fff"), 0, 0);
    over.drawImage(filled(plain, "#fff"), 0, 0);
    over.filter = "none";
    over.drawImage(filled(plain, "#111"), 0, 0);
    white = { image, canvas: both };
    return both;
  }
  function drawPeople() {
    const at = ([right, down]) => [right * canvas.width, down * canvas.height];
    for (const person of scene.people) {
      pen.lineWidth = 3 * scale(), pen.strokeStyle = MARK;
      for (const [from, to] of scene.limbs) {
        if (!person[from] || !person[to]) continue;
        pen.beginPath();
        pen.moveTo(...at(person[from]));
        pen.lineTo(...at(person[to]));
        pen.stroke();
      }
      pen.fillStyle = "#fff";
      for (const point of person.filter(Boolean)) {
        pen.beginPath();
        pen.arc(...at(point), 0.5 * HANDLE * scale(), 0, 2 * Math.PI);
        pen.fill();
        pen.stroke();
      }
    }
  }

  /* The pointer: a mouse, a pen, a finger. */
  const scale = () => canvas.width / (canvas.getBoundingClientRect().width || 1);
  const width = () => Math.max(1, size.value * scale());
  function place(event) {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width * canvas.width, (event.clientY - box.top) / box.height * canvas.height];
  }
  function dab(from, to) {
    const brush = stroke.canvas.getContext("2d");
    brush.globalCompositeOperation = tool === "unmask" ? "destination-out" : "source-over";
    brush.strokeStyle = { line: coloured.checked ? colour.value : "#111", rub: "#fff" }[tool] ?? "#000";
    brush.lineCap = brush.lineJoin = "round";
    brush.lineWidth = width();
    brush.beginPath();
    brush.moveTo(...from);
    brush.lineTo(to[0] + 0.01, to[1]);
    brush.stroke();
  }
  const marked = () => mask.getContext("2d").getImageData(0, 0, mask.width, mask.height).data.some((level) => level);
  function nearestJoint([across, down]) {
    let best = null, least = 2.5 * HANDLE * scale();
    scene.people.forEach((person, index) => person.forEach((point, which) => {
      const far = point ? Math.hypot(point[0] * canvas.width - across, point[1] * canvas.height - down) : Infinity;
      if (far < least) [best, least] = [{ person: index, joint: which, was: point }, far];
    }));
    return best;
  }
  canvas.addEventListener("pointerdown", (event) => {
    if (!scene || !event.isPrimary || event.button) return;
    const at = place(event);
    canvas.setPointerCapture(event.pointerId);
    if (tool === "pick") pick(at);
    else if (tool === "joint") joint = nearestJoint(at);
    else if (tool === "move") drag = { from: at, right: 0, down: 0 };
    else {
      stroke = { canvas: tool in { mask: 0, unmask: 0 } ? mask : sheet(canvas.width, canvas.height), last: at };
      dab(at, at);
    }
    draw();
  });
  canvas.addEventListener("pointermove", (event) => {
    const at = hover = place(event);
    if (!event.isPrimary) return;
    if (stroke) {
      for (const one of event.getCoalescedEvents?.() ?? []) {
        dab(stroke.last, place(one));
        stroke.last = place(one);
      }
      dab(stroke.last, at);
      stroke.last = at;
    }
    if (drag?.from) [drag.right, drag.down] = [at[0] - drag.from[0], at[1] - drag.from[1]];
    if (joint) scene.people[joint.person][joint.joint] = [at[0] / canvas.width, at[1] / canvas.height];
    draw();
  });
  canvas.addEventListener("pointerup", (event) => {
    if (!event.isPrimary) return;
    if (stroke && stroke.canvas !== mask) {
      const drawn = stroke.canvas;
      const values = tool === "line" && coloured.checked ? { colour: colour.value } : {};
      send({ do: tool === "line" ? "draw" : "rub", picture: png(drawn), ...values }, drawn);
    }
    if (drag?.from) drop();
    if (joint) {
      const to = scene.people[joint.person][joint.joint];
      const inside = to.every((part) => 0 <= part && part < 1);
      if (to !== joint.was) send({ do: "joint", person: joint.person, joint: joint.joint, to: inside ? to : null });
    }
    stroke = joint = null;
    draw();
  });
  canvas.addEventListener("pointercancel", () => {
    if (joint) scene.people[joint.person][joint.joint] = joint.was;
    stroke = drag = joint = null;
    draw();
  });
  canvas.addEventListener("pointerleave", () => { hover = null; draw(); });

  function drop() {
    const { right, down } = drag;
    drag = null;
    if (!right && !down) return;
    send({ do: "move", picture: png(mask), by: [right / canvas.width, down / canvas.height] });
    if (!marked()) return;
    mask = filled(mask, "#000", right, down);
  }
  function pick([across, down]) {
    const one = sheet(1, 1).getContext("2d", { willReadFrequently: true });
    const [x, y] = [across / canvas.width * picture.naturalWidth, down / canvas.height * picture.naturalHeight];
    one.drawImage(picture, Math.floor(x), Math.floor(y), 1, 1, 0, 0, 1, 1);
    colour.value = `#${[...one.getImageData(0, 0, 1, 1).data].slice(0, 3).map((level) => level.toString(16).padStart(2, "0")).join("")}`;
  }
  canvas.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (tool !== "move" || !scene) return;
    if (steps) drag = { right: (drag?.right ?? 0) + NUDGE * steps[0], down: (drag?.down ?? 0) + NUDGE * steps[1] };
    else if (event.key === "Enter" && drag) drop();
    else if (event.key === "Escape") drag = null;
    else return;
    event.preventDefault();
    draw();
  });

  /* The tools. */
  function choose(name) {
    if (tool in SIZES) SIZES[tool] = size.value;
    tool = name;
    drag = null;
    if (tool in SIZES) size.value = SIZES[tool];
    for (const button of editor.querySelectorAll("[data-tool]"))
      button.setAttribute("aria-pressed", button.dataset.tool === tool);
    canvas.dataset.tool = tool;
    draw();
  }
  function mark(everything) {
    const brush = mask.getContext("2d");
    brush.globalCompositeOperation = "source-over";
    brush.clearRect(0, 0, mask.width, mask.height);
    if (everything) brush.fillRect(0, 0, mask.width, mask.height);
    used = false;
    draw();
  }
  const shifts = [...editor.querySelectorAll(".ts-shifts input")];
  function act(what) {
    const request = { do: what };
    if (what !== "undo" && what !== "redo") request.picture = png(mask);
    if (what === "recolour" || what === "paint") request.colour = colour.value;
    if (what === "shift") for (const one of shifts) request[one.name] = Number(one.value);
    const before = erased;
    send(request);
    used ||= "picture" in request;
    if (what === "undo" && before) mask = before;
    if (what === "erase") {
      erased = filled(mask, "#000");
      mark(false);
    }
    draw();
  }
  editor.addEventListener("click", (event) => {
    const { tool: brush, do: what, mark: marks } = event.target.dataset;
    if (brush) choose(brush);
    if (what) act(what);
    if (marks) mark(marks === "all");
  });
  editor.addEventListener("input", (event) => {
    if (shifts.includes(event.target)) event.target.previousElementSibling.textContent = event.target.value;
    draw();
  });
  document.addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || !"zy".includes(key) || !canvas.offsetParent) return;
    if (event.target.matches("textarea, input:not([type]), input[type=text], input[type=number]")) return;
    event.preventDefault();
    act(key === "y" || event.shiftKey ? "redo" : "undo");
  });

  choose("line");
  window.textsketch.editor = { asked, message, lost };
  const page = root.closest("[role=tabpanel]") ?? document.body;
  new MutationObserver(listen).observe(page, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-scene", "data-standing"] });
  listen();
}
