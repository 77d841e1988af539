/** The painter: paints whatever layers it is given. */

import { levelShapes } from "../../codestream/grids";
import type { Planes } from "../../image/planes";
import { type Layers, type Structure, strokesOf } from "../../layers";
import { colourField } from "../../semantic/colour_field";
import { lineMask, softenStrokes } from "../../structure/line_drawing";
import { skeletonMask } from "../../structure/skeleton_drawing";
import { addColourMap } from "../../texture/colour_map";
import { addGrain } from "../../texture/grain_noise";
import { evenNoise } from "../../texture/noise";
import { sharpen, shareOf } from "./brush";
import { addShadedGrain, evenOutPaper, shaded, shades } from "./shading";
import type { Networks } from "./small_networks";

/** No picture is painted with more pixels than this; a larger one at half its size or less. */
const MOST_PAINTED = 1 << 22;

/** How often a picture is halved until it is small enough to be painted. */
export function halvings(layers: Layers): number {
  const shapes = levelShapes(layers.size);
  return shapes.findIndex(([rows, columns]) => rows * columns <= MOST_PAINTED);
}

/** What the brush does to a painting of these layers that was not sent, or null. */
export function invented(layers: Layers): string | null {
  if (shareOf(layers)) return "Sharpened by a network; the plain painting shows what was sent.";
  if (shades(layers)) return "Shaded by a network between the lines; the plain drawing shows what was sent.";
  return null;
}

/** Paint plainly, at the picture's size halved `halvings` times: what was sent, and nothing else. */
export function paint(layers: Layers): Planes {
  const planes = field(layers);
  const { rows, columns, samples } = planes;
  if (layers.texture) {
    if (layers.texture.grain) addGrain(samples[0], rows, columns, layers.texture.grain, layers.seed);
  } else {
    const cover = lines(layers, rows, columns);
    if (cover) draw(planes, cover);
  }
  return planes;
}

/** Paint layers to which no network adds anything: without bands, and without clouds beside a drawing's paper. */
export function paintUnaided(layers: Layers): Planes {
  if (layers.texture) return paint(layers);
  const planes = field(layers);
  const { rows, columns, samples: [luma] } = planes;
  const cover = lines(layers, rows, columns);
  if (cover) {
    evenOutPaper(planes, layers);
    draw(planes, cover);
  } else if (layers.structure?.kind !== "soft-edges") dither(luma, layers.seed);
  return planes;
}

/** Paint with the brush; `networks` are only asked for what is used. report: is called with the finished share. */
export async function paintWithBrush(
  layers: Layers, networks: Networks, report: (share: number) => void | Promise<void>,
): Promise<Planes> {
  if (!layers.texture && shades(layers)) {
    const [rows, columns] = levelShapes(layers.size)[halvings(layers)];
    const planes = await shaded(layers, rows, columns, await networks("shading"), report);
    addShadedGrain(planes.samples[0], layers, rows, columns);
    return planes;
  }
  if (!layers.texture || !shareOf(layers)) return paintUnaided(layers);
  const planes = field(layers);
  const { rows, columns, samples: [luma] } = planes;
  const { grain } = layers.texture;
  const noise = grain && new Float32Array(luma.length);
  if (grain && noise) addGrain(noise, rows, columns, grain, layers.seed);
  await sharpen(planes, layers, halvings(layers), noise, await networks("brush"), report);
  if (noise) for (let at = 0; at < luma.length; at++) luma[at] += noise[at];
  return planes;
}

/** Add noise of less than half a level: a smooth field is rounded to levels without bands. */
function dither(luma: Float32Array, seed: number): void {
  const noise = evenNoise(luma.length, seed);
  for (let at = 0; at < luma.length; at++) luma[at] += noise[at] - 0.5;
}

/** The colours alone, without lines, brush and grain. */
export function field(layers: Layers): Planes {
  const skipped = halvings(layers);
  const [rows, columns] = levelShapes(layers.size)[skipped];
  const planes = colourField(layers.semantic.descriptors, rows, columns, layers.size);
  if (layers.texture) {
    addColourMap(planes, layers, layers.texture, skipped);
    const strokes = strokesOf(layers);
    if (strokes) softenStrokes(planes, strokes);
  }
  return planes;
}

/**
 * How far a structure's lines, `thickness` pixels wide, cover each pixel: rows x columns, 0 to 1. Null for soft edges:
 * the network that draws them is not part of the player.
 */
export function coverOf(structure: Structure, rows: number, columns: number, thickness: number): Float32Array | null {
  switch (structure.kind) {
    case "strokes":
      return lineMask(structure, rows, columns, thickness);
    case "skeletons":
      return skeletonMask(structure, rows, columns);
    case "soft-edges":
      return null;
  }
}

/** The same of the lines of these layers as the painter draws them; null also where there are none. */
function lines({ structure }: Layers, rows: number, columns: number): Float32Array | null {
  const cover = structure && coverOf(structure, rows, columns, Math.max(Math.max(rows, columns) / 450, 1.5));
  return cover?.some((share) => share !== 0) ? cover : null;
}

/** Draw lines, which cover so much of each pixel, darkly over the tinted field. */
function draw({ samples: [luma, ...differences] }: Planes, cover: Float32Array): void {
  for (let at = 0; at < luma.length; at++) {
    const lines = cover[at];
    luma[at] = (luma[at] * 0.8 + 22) * (1 - 0.8 * lines) - 95 * 0.8 * lines;
    for (const plane of differences) plane[at] = plane[at] * (1 - 0.6 * lines);
  }
}
