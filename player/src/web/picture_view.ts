/** Shows an opened file: its painting, its figures and its layers. */

import { LAYERS } from "../layers";
import { linkOf } from "../share/link";
import { ask } from "./asking";
import { byteCount, element, made, put } from "./elements";
import type { Drawn, Opened } from "./messages";
import { say, sayNothing } from "./status";

const KIND_TITLES = { strokes: "Sketch", skeletons: "Skeletons", "soft-edges": "Soft edges" };
const STEP_TITLES = { strokes: "+ lines", skeletons: "+ people", "soft-edges": "+ edges" };

const shown = element("shown", HTMLElement);
const painting = element("painting", HTMLCanvasElement);
const plate = element("plate", HTMLElement);
const hand = element("hand", HTMLFieldSetElement);
const steps = element("steps", HTMLFieldSetElement);
const copy = element("copy", HTMLButtonElement);

let file: Opened | null = null;
let step = 0;
let drawn = false;

const inside = (of: HTMLElement, selector: string) => of.querySelector<HTMLElement>(selector) as HTMLElement;
const brushChosen = () => inside(hand, "input:checked").getAttribute("value") === "brush";

/** Open a file and show it. Throws PlayerError with a sentence where it holds no picture. */
export async function show(data: Uint8Array): Promise<void> {
  const opened = await ask({ ask: "open", data });
  if (!opened) return;
  file = opened;
  drawn = false;
  shown.hidden = false;
  [painting.width, painting.height] = opened.size;
  document.title = opened.caption ? `${opened.caption} · textsketch` : "textsketch player";
  history.replaceState(null, "", linkOf(opened.data, "") ?? location.pathname);
  inside(element("caption", HTMLElement), "bdi").textContent = opened.caption && `“${opened.caption}”`;
  inside(plate, "bdi").textContent = opened.caption;
  element("caption", HTMLElement).hidden = !opened.caption;
  element("layers", HTMLElement).replaceChildren();
  offerSteps(opened);
  copy.hidden = linkOf(opened.data, "") === null;
  await repaint();
}

function offerSteps({ segments, kind }: Opened): void {
  const titles = ["words", STEP_TITLES[kind], "+ colours"];
  step = segments.length;
  inside(steps, ".choice").replaceChildren(
    ...segments.map((_, index) => {
      const input = made("input", "");
      Object.assign(input, { type: "radio", name: "step", value: String(index + 1), checked: index + 1 === step });
      input.addEventListener("change", () => {
        step = index + 1;
        void repaint();
      });
      return made("label", "", input, made("span", "", titles[index]));
    }),
  );
  steps.hidden = segments.length < 2;
}

/** Paint the layers that are chosen, with the hand that is chosen. */
async function repaint(): Promise<void> {
  if (!file) return;
  const invents = file.invented[step - 1];
  const brush = invents !== null && brushChosen();
  hand.hidden = invents === null;
  tellFigures(file);
  shown.setAttribute("aria-busy", "true");
  try {
    const painted = await ask({ ask: "paint", layers: step, brush }, (share, doing) =>
      say(`${doing[0].toUpperCase()}${doing.slice(1)} … ${share ? `${Math.round(100 * share)} %` : ""}`),
    );
    if (!painted) return;
    put(painted, painting);
    painting.setAttribute("aria-label", file.caption ? `The picture: ${file.caption}` : "The picture, which has no caption");
    plate.hidden = step > 1 || !file.caption;
    const note = element("invented", HTMLElement);
    note.textContent = brush ? invents : "";
    note.hidden = !brush;
    if (file.lost) say(`Damaged file: ${file.lost}.`, "told");
    else sayNothing();
    await showLayers(file);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), "failed");
  } finally {
    shown.removeAttribute("aria-busy");
  }
}

function tellFigures({ size: [width, height], segments, headerBytes, data }: Opened): void {
  const bytes = segments.slice(0, step).reduce((sum, segment) => sum + segment.sizeBytes, headerBytes);
  const bytesLine = element("bytes", HTMLElement);
  inside(bytesLine, "b").textContent = byteCount(bytes);
  inside(bytesLine, "span").textContent =
    bytes === data.length ? "hold this picture" : `hold this much of it, in a file of ${byteCount(data.length)}`;
  const rate = ((8 * bytes) / (width * height)).toFixed(4);
  element("figures", HTMLElement).textContent = `${rate} bits per pixel · ${width} × ${height} pixels`;
}

/** Show each layer as it stands in the file, once the painting is there. */
async function showLayers(opened: Opened): Promise<void> {
  if (drawn) return;
  const pictures = await ask({ ask: "layers" });
  if (!pictures || opened !== file) return;
  drawn = true;
  element("layers", HTMLElement).replaceChildren(...cards(opened, pictures));
}

function cards({ segments, kind, caption, hasDescriptors }: Opened, { lines, colours }: Drawn): HTMLElement[] {
  const words = caption ? made("bdi", "", `“${caption}”`) : made("i", "", hasDescriptors ? "no caption, only its main colours" : "no caption");
  const out = [card("1. Text", byteCount(segments[0].sizeBytes), made("div", "words", words))];
  const canvas = (picture: Drawn["lines"], title: string) => {
    const made = document.createElement("canvas");
    if (picture) put(picture, made);
    made.setAttribute("role", "img");
    made.setAttribute("aria-label", `${title} as it stands in the file`);
    return made;
  };
  segments.slice(1).forEach(({ name, sizeBytes }, index) => {
    const lineLayer = name === LAYERS[1];
    const title = lineLayer ? KIND_TITLES[kind] : "Colour map";
    const picture = lineLayer ? lines : colours;
    const body = picture
      ? canvas(picture, title)
      : made("div", "words", made("i", "", "The network that draws soft edges is not part of this page; the app draws them."));
    out.push(card(`${index + 2}. ${title}`, byteCount(sizeBytes), body));
  });
  if (segments.length < 3 && colours) out.push(card("Colours", "in the text's bytes", canvas(colours, "The soft colour field")));
  return out;
}

function card(title: string, bytes: string, body: HTMLElement): HTMLElement {
  return made("figure", "layer", made("figcaption", "", made("b", "", title), ` ${bytes}`), body);
}

hand.addEventListener("change", () => void repaint());

element("save", HTMLButtonElement).addEventListener("click", async () => {
  const full = await ask({ ask: "full" }).catch((error: unknown) => say(String(error), "failed"));
  if (!full) return;
  const canvas = document.createElement("canvas");
  put(full, canvas);
  canvas.toBlob((png) => {
    if (!png) return say("This browser cannot write the picture; take a screenshot.", "failed");
    const link = made("a", "");
    link.href = URL.createObjectURL(png);
    link.download = "textsketch.png";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }, "image/png");
});

copy.addEventListener("click", async () => {
  const link = file && linkOf(file.data, location.origin + location.pathname);
  if (!link) return;
  try {
    await navigator.clipboard.writeText(link);
    copy.textContent = "Copied";
    setTimeout(() => (copy.textContent = "Copy link"), 1500);
  } catch { // not allowed here, as on a page without https: the text is shown to be copied by hand
    prompt("Copy this link:", link);
  }
});
