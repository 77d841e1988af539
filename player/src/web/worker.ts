/** Decodes and paints, so that the page never stands still. */

import { salvage, split } from "../bitstream";
import { readTables } from "../codestream/tables";
import { PlayerError } from "../errors";
import { enlarge } from "../image/enlarge";
import { nearest, type Planes, toPixels } from "../image/planes";
import { type Layers, LAYERS, type Shape, type Size, type Structure } from "../layers";
import { coverOf, invented, paint, paintUnaided, paintWithBrush } from "../render/painter/painting";
import type { Networks } from "../render/painter/small_networks";
import { colourField } from "../semantic/colour_field";
import { colourMap } from "../texture/colour_map";
import { answerWith, type Report } from "./answering";
import { fetched, OFFLINE, once } from "./files";
import type { Drawn, Opened, Picture } from "./messages";

/** What a phone's canvas can hold; a larger picture is saved at this many pixels. */
const MOST_PIXELS = 1 << 24;
const LINES_LONG_SIDE = 768;
const COLOURS_LONG_SIDE = 256;

const tables = once(() => fetched("tables.bin").then(readTables));
tables().catch(() => {}); // who opens a file is told
let networks: Promise<Networks> | null = null;
let layers: Layers | null = null;
let last: Picture | null = null;

answerWith(async (question, report) => {
  if (question.ask === "open") return open(question.data);
  if (!layers) throw new TypeError("no file is open");
  if (question.ask === "paint") return painting(reduced(layers, question.layers), question.brush, report);
  if (question.ask === "layers") return drawn(layers);
  if (!last) throw new TypeError("nothing is painted");
  return full(last, layers.size);
});

async function open(data: Uint8Array): Promise<Opened> {
  const read = await tables();
  const saved = salvage(data, read, false);
  const { header, segments } = split(saved.data, read);
  const { size, semantic } = (layers = saved.layers);
  last = null;
  return {
    data: saved.data,
    size,
    kind: header.kind,
    hasDescriptors: semantic.descriptors !== null,
    headerBytes: header.sizeBytes,
    segments: segments.map(({ name, sizeBytes }) => ({ name, sizeBytes })),
    lost: saved.lost,
    invented: LAYERS.map((_, index) => invented(reduced(saved.layers, index + 1))),
  };
}

function drawn(whole: Layers): Drawn {
  const { size, structure, texture, semantic: { descriptors } } = whole;
  const field = () => descriptors && colourField(descriptors, ...shapeOf(size, COLOURS_LONG_SIDE), size);
  const colours = texture ? colourMap(whole, texture) : field();
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

async function painting(shown: Layers, brush: boolean, report: Report): Promise<Picture> {
  if (!brush) return (last = picture(invented(shown) ? paint(shown) : paintUnaided(shown)));
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
