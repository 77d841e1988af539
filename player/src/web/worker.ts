/** Decodes and paints, so that the page never stands still. One question at a time; a newer one ends an older. */

import { salvage, split } from "../bitstream";
import { readTables, type Tables } from "../codestream/tables";
import { PlayerError } from "../errors";
import { enlarge } from "../image/enlarge";
import { nearest, type Planes, toPixels } from "../image/planes";
import { type Layers, LAYERS, type Shape, type Size, type Structure } from "../layers";
import { coverOf, invented, paint, paintWithBrush } from "../render/painter/painting";
import type { Networks } from "../render/painter/small_networks";
import { colourField } from "../semantic/colour_field";
import { colourMap } from "../texture/colour_map";
import { fetched, OFFLINE } from "./files";
import type { Answer, Drawn, Opened, Picture, Question } from "./messages";

/** What a phone's canvas can hold; a larger picture is saved at this many pixels. */
const MOST_PIXELS = 1 << 24;
const LINES_LONG_SIDE = 768;
const COLOURS_LONG_SIDE = 256;

const loadTables = () => fetched("tables.bin").then(readTables);

let tables: Promise<Tables> | null = loadTables();
tables.catch(() => {}); // who opens a file is told
let networks: Promise<Networks> | null = null;
let layers: Layers | null = null;
let last: Picture | null = null;
let newest = 0;
let queue = Promise.resolve();

/** Thrown where a newer question has come. */
class Overtaken extends Error {}

self.addEventListener("message", ({ data: [number, question] }: MessageEvent<[number, Question]>) => {
  newest = number;
  queue = queue.then(() => answer(number, question));
});

async function answer(number: number, question: Question): Promise<void> {
  const say = (message: Answer) => self.postMessage(message);
  try {
    if (number !== newest) throw new Overtaken();
    if (question.ask === "open") {
      say({ to: number, opened: await open(question.data) });
    } else if (question.ask === "paint") {
      const painted = await painting(question.layers, question.brush, async (share, doing) => {
        say({ to: number, share, doing });
        await new Promise((resolve) => setTimeout(resolve)); // hear whether there is a newer question
        if (number !== newest) throw new Overtaken();
      });
      say({ to: number, painted });
    } else if (question.ask === "layers") {
      if (!layers) throw new TypeError("no file is open");
      say({ to: number, drawn: drawn(layers) });
    } else {
      if (!last || !layers) throw new TypeError("nothing is painted");
      say({ to: number, painted: full(last, layers.size) });
    }
  } catch (error) {
    if (error instanceof Overtaken) return;
    say({ to: number, failed: sentence(error) });
  }
}

function sentence(error: unknown): string {
  if (error instanceof PlayerError) return error.message;
  console.error(error);
  if (error instanceof RangeError) return "This picture needs more memory than there is; close other pages and try again.";
  return "Something went wrong that was not foreseen; load the page anew.";
}

async function open(data: Uint8Array): Promise<Opened> {
  tables ??= loadTables();
  const ready = await tables.catch((error: unknown) => {
    tables = null; // the next file tries again
    throw error;
  });
  const saved = salvage(data, ready);
  const { header, segments } = split(saved.data, ready);
  const { size, semantic } = (layers = saved.layers);
  return {
    data: saved.data,
    size,
    kind: header.kind,
    caption: semantic.caption,
    hasDescriptors: semantic.descriptors !== null,
    headerBytes: header.sizeBytes,
    segments: segments.map(({ name, sizeBytes }) => ({ name, sizeBytes })),
    lost: saved.lost,
    invented: LAYERS.map((_, index) => invented(reduced(saved.layers, index + 1))),
  };
}

function drawn(file: Layers): Drawn {
  const { size, structure, semantic: { descriptors } } = file;
  const field = () => descriptors && colourField(descriptors, ...shapeOf(size, COLOURS_LONG_SIDE), size);
  const colours = file.texture ? colourMap(file, file.texture) : field();
  return { lines: structure && drawing(structure, size), colours: colours && picture(colours) };
}

function reduced(whole: Layers, count: number): Layers {
  return { ...whole, structure: count > 1 ? whole.structure : null, texture: count > 2 ? whole.texture : null };
}

function picture(planes: Planes): Picture {
  return { width: planes.columns, height: planes.rows, pixels: toPixels(planes) };
}

function shapeOf(size: Size, longSide: number): Shape {
  const [width, height] = size.map((side) => Math.max(1, nearest((side * longSide) / Math.max(...size))));
  return [height, width];
}

/** Lines as they stand in the file, dark on white. */
function drawing(structure: Structure, size: Size): Picture | null {
  const [height, width] = shapeOf(size, LINES_LONG_SIDE);
  const cover = coverOf(structure, height, width, LINES_LONG_SIDE / 400);
  if (!cover) return null;
  const pixels = new Uint8ClampedArray(4 * width * height).fill(255);
  cover.forEach((share, at) => pixels.fill(Math.floor(255 - 225 * share + 0.5), 4 * at, 4 * at + 3));
  return { width, height, pixels };
}

type Report = (share: number, doing: string) => Promise<void>;

async function painting(count: number, brush: boolean, report: Report): Promise<Picture> {
  if (!layers) throw new TypeError("no file is open");
  const shown = reduced(layers, count);
  if (!brush) return (last = picture(paint(shown)));
  const found = await (networks ??= loadNetworks(report)).catch((error: unknown) => {
    networks = null;
    throw error;
  });
  const planes = await paintWithBrush(shown, found, (share) => report(share, "painting with the brush"));
  return (last = picture(planes));
}

async function loadNetworks(report: Report): Promise<Networks> {
  await report(0, "fetching the brush, once");
  const loaded = await import("./networks").catch(() => {
    throw new PlayerError(OFFLINE);
  });
  return loaded.networks;
}

/** A painting at the picture's own size, where a canvas can hold that. */
function full(painted: Picture, size: Size): Picture {
  const scale = Math.min(1, Math.sqrt(MOST_PIXELS / (size[0] * size[1])));
  const [width, height] = size.map((side) => Math.max(1, Math.floor(side * scale)));
  if (width <= painted.width && height <= painted.height) return painted;
  return { width, height, pixels: enlarge(painted.pixels, [painted.width, painted.height], [width, height]) };
}
