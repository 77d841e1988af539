/** The integer grids that payloads live on: their shapes follow from the picture's size alone. */

import type { Shape, Size } from "../layers";

/** Cells along a sketch grid's longer side; never more than the picture has pixels. */
export const SKETCH_LONG_SIDES = [32, 48, 64, 96, 128, 192, 256, 384, 512] as const;
/** A latent of a soft edge map stands for 16 x 16 pixels of the map. */
const LATENT_CELL = 16;
const COARSEST_LEVEL = 8;
const LONGEST_BASE = 512;
const GRAIN_LONG_SIDES = [4, 12] as const;
const LATENT_BLOCK = 64;
const LATENT_SHORT_SIDE = 512;
const LATENT_LONG_SIDE = 1536;

/** The grid with `longSide` cells along its longer side; both sides are at least 1. */
export function gridShape([width, height]: Size, longSide: number): Shape {
  const longest = Math.max(width, height);
  const most = Math.min(longSide, longest);
  const cells = (side: number) => Math.max(1, Math.floor((2 * side * most + longest) / (2 * longest)));
  return [cells(height), cells(width)];
}

/** The coarse or fine grain map's. */
export function grainShape(size: Size, fine: boolean): Shape {
  return gridShape(size, GRAIN_LONG_SIDES[fine ? 1 : 0]);
}

/** Shapes of the picture and its low-pass bands, down to at most 8 cells along the longer side. */
export function levelShapes([width, height]: Size): Shape[] {
  const shapes: Shape[] = [[height, width]];
  let [rows, columns] = shapes[0];
  while (Math.max(rows, columns) > COARSEST_LEVEL) {
    [rows, columns] = [(rows + 1) >> 1, (columns + 1) >> 1];
    shapes.push([rows, columns]);
  }
  return shapes;
}

/** How many of the finest levels are never coded. */
export function baseLevel(size: Size): number {
  return levelShapes(size).findIndex(([rows, columns]) => Math.max(rows, columns) <= LONGEST_BASE);
}

/** The colour map's coefficient planes'. */
export function baseShape(size: Size): Shape {
  return levelShapes(size)[baseLevel(size)];
}

/**
 * The latents' of a soft edge map. The map's short side is 512 pixels, or its long side 1536 where the picture is
 * longer than 3:1, and both sides are whole blocks of 64. The rounding of a double's quotient and product is part of
 * the format.
 */
export function latentGrid(size: Size): Shape {
  const short = Math.min(...size);
  const long = Math.max(...size);
  const scale = long <= 3 * short ? LATENT_SHORT_SIDE / short : LATENT_LONG_SIDE / long;
  const cells = (side: number) =>
    (Math.max(1, roundHalfToEven((side * scale) / LATENT_BLOCK)) * LATENT_BLOCK) / LATENT_CELL;
  return [cells(size[1]), cells(size[0])];
}

/** The integer nearest to a number that is not negative, the even one of two. */
function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return below + (rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? 1 : 0);
}
