/** Shows an opened file: its painting, its figures and its layers. */

import { BitstreamError } from "../errors";
import { LAYERS } from "../layers";
import { linkOf } from "../share/link";
import { captionIn, painter } from "./asking";
import { byteCount, element, made, put } from "./elements";
import type { Drawn, Opened } from "./messages";
import { progressEnds, say, sayNothing } from "./status";

const KIND_TITLES = { strokes: "Sketch", skeletons: "Skeletons", "soft-edges": "Soft edges" };
const STEP_TITLES = { strokes: "+ lines", skeletons: "+ people", "soft-edges": "+ edges" };

const shown = element("shown", HTMLElement);
const painting = element("painting", HTMLCanvasElement);
const plate = element("plate", HTMLElement);
const hand = element("hand", HTMLFieldSetElement);
const steps = element("steps", HTMLFieldSetElement);
const copy = element("copy", HTMLButtonElement);

let file: Opened | null = null;
/** Of the file: the layers that are shown, its caption and its layers' pictures once they are there. */
let step = 0;
let caption: string | null = null;
let drawn: Drawn | null = null;
/** How many paintings were asked for, and which of them is on show. */
let paintings = 0;
let onShow = 0;

const inside = (of: HTMLElement, selector: string) => of.querySelector<HTMLElement>(selector) as HTMLElement;
const brushChosen = () => inside(hand, "input:checked").getAttribute("value") === "brush";

/** Open a file and show it. Throws PlayerError with a sentence where it holds no picture. */
export async function show(data: Uint8Array): Promise<void> {
  const opened = await painter.ask({ ask: "open", data }).catch((error: unknown) => {
    // What this file, that is none, has ended is done after all.
    if (file) (onShow === paintings ? complete(file) : repaint()).catch(tellFailure);
    throw error;
  });
  if (!opened) return;
  file = opened;
  caption = null;
  drawn = null;
  shown.hidden = false;
  [painting.width, painting.height] = opened.size;
  keepAddress();
  tellCaption();
  element("layers", HTMLElement).replaceChildren();
  offerSteps(opened);
  copy.hidden = linkOf(opened.data, "") === null;
  await repaint();
}

/** Have the address be that of the picture on show. */
export function keepAddress(): void {
  if (file) history.replaceState(null, "", linkOf(file.data, "") ?? location.pathname);
}

/** Once the painting is there: the words beside it, and each layer as it stands in the file. */
async function complete(opened: Opened): Promise<void> {
  await Promise.all([caption === null && readCaption(opened), drawn || drawLayers(opened)]);
}

async function readCaption(opened: Opened): Promise<void> {
  const read = await captionIn(opened.data).catch((error: unknown) => {
    if (error instanceof BitstreamError) withdraw(opened);
    throw error;
  });
  if (read === null || opened !== file) return;
  caption = read;
  tellCaption();
  describe();
  layOutLayers(opened);
}

async function drawLayers(opened: Opened): Promise<void> {
  const pictures = await painter.ask({ ask: "layers" });
  if (!pictures || opened !== file) return;
  drawn = pictures;
  layOutLayers(opened);
}

function tellCaption(): void {
  document.title = caption ? `${caption} · textsketch` : "textsketch player";
  inside(element("caption", HTMLElement), "bdi").textContent = caption === null ? "…" : caption && `“${caption}”`;
  inside(plate, "bdi").textContent = caption;
  element("caption", HTMLElement).hidden = caption === "";
}

/** Take away a picture whose words say that nobody wrote its file. */
function withdraw(opened: Opened): void {
  if (opened !== file) return;
  file = null;
  shown.hidden = true;
}

function describe(): void {
  const words = caption === null ? "" : caption ? `: ${caption}` : ", which has no caption";
  painting.setAttribute("aria-label", `The picture${words}`);
  plate.hidden = step > 1 || !caption;
}

function tellFailure(error: unknown): void {
  say(error instanceof Error ? error.message : String(error), "failed");
}

function tellProgress(share: number, doing: string): void {
  say(`${doing[0].toUpperCase()}${doing.slice(1)} … ${share ? `${Math.round(100 * share)} %` : ""}`);
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
        repaint().catch(tellFailure);
      });
      return made("label", "", input, made("span", "", titles[index]));
    }),
  );
  steps.hidden = segments.length < 2;
}

/** Paint the layers that are chosen, with the hand that is chosen. Throws PlayerError. */
async function repaint(): Promise<void> {
  if (!file) return;
  const opened = file;
  const mine = ++paintings;
  const invents = file.invented[step - 1];
  const brush = invents !== null && brushChosen();
  hand.hidden = invents === null;
  tellFigures(file);
  sayNothing();
  shown.setAttribute("aria-busy", "true");
  try {
    const painted = await painter.ask({ ask: "paint", layers: step, brush }, tellProgress);
    if (!painted || opened !== file) return;
    put(painted, painting);
    onShow = mine;
    describe();
    const note = element("invented", HTMLElement);
    note.textContent = brush ? invents : "";
    note.hidden = !brush;
    if (opened.lost) say(`Damaged file: ${opened.lost}.`, "told");
    else progressEnds();
  } catch (error) {
    if (brush && mine === paintings) {
      // It cannot be had; what was sent can be shown all the same.
      inside(hand, "input[value='plain']").click();
    }
    throw error;
  } finally {
    if (mine === paintings) shown.removeAttribute("aria-busy");
  }
  await complete(opened);
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

function layOutLayers(opened: Opened): void {
  if (drawn) element("layers", HTMLElement).replaceChildren(...cards(opened, drawn));
}

function cards({ segments, kind, hasDescriptors }: Opened, { lines, colours }: Drawn): HTMLElement[] {
  const noCaption = hasDescriptors ? "no caption, only its main colours" : "no caption";
  const words = caption ? made("bdi", "", `“${caption}”`) : made("i", "", caption === null ? "The words are being read." : noCaption);
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

hand.addEventListener("change", () => repaint().catch(tellFailure));

element("save", HTMLButtonElement).addEventListener("click", async () => {
  const full = await painter.ask({ ask: "full" }).catch(tellFailure);
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
