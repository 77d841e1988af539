/** What the brush's network is given: a painting, cell by cell, and what the file says about it. */

import { continued, reflected } from "../../image/pad";
import { type Planes, toRgb } from "../../image/planes";
import { resize } from "../../image/resize";
import { type Layers, strokesOf } from "../../layers";
import { lineMask } from "../../structure/line_drawing";
import type { Channels } from "./small_networks";

/** Pixels along a cell's side: all pixels of a cell are channels of one place. */
export const CELL = 4;
/** Rows and columns of cells are multiples of this. */
const ALIGNED = 8;
const LINE_WIDTH = 2;
const STEPS = 64;
const GRAIN_LEVELS = 8;
/** Grey levels of grain that are told apart, half of them darker. */
const GRAIN_SPAN = 64;

/**
 * Red, green and blue of a cell's pixels, 0 to 1, row by row; how far a stroke covers each; the grain that will lie on
 * each, 0.5 being none; then how coarsely colours were sent, the strength of the grain and whether there is a colour
 * map, each 0 to 1.
 *
 * planes: without grain and without drawn lines. noise: what will be added to the luma, or null. margin: cells it is
 * continued by, mirrored, on all sides; to the right and below also to whole cells, ALIGNED of them.
 */
export function inputs(planes: Planes, layers: Layers, noise: Float32Array | null, margin: number): Channels {
  const { rows: height, columns: width } = planes;
  const cells = (side: number) => Math.ceil((side + 2 * margin * CELL) / (CELL * ALIGNED)) * ALIGNED;
  const [rows, columns] = [cells(height), cells(width)];
  const strokes = strokesOf(layers);
  const lines = strokes ? lineMask(strokes, height, width, LINE_WIDTH) : new Float32Array(height * width);
  const grain = new Float32Array(height * width).fill(0.5);
  if (noise) for (let at = 0; at < grain.length; at++) grain[at] += noise[at] / GRAIN_SPAN;
  const pixels = [...toRgb(planes, 1).samples, lines, grain];
  const count = rows * columns;
  const values = new Float32Array((pixels.length * CELL * CELL + 3) * count);
  const place = margin ? reflected : continued;
  const across = Int32Array.from({ length: columns * CELL }, (_, x) => place(x - margin * CELL, width));
  pixels.forEach((plane, index) => {
    for (let y = 0; y < rows * CELL; y++) {
      const start = place(y - margin * CELL, height) * width;
      for (let x = 0; x < columns * CELL; x++) {
        const channel = index * CELL * CELL + (y % CELL) * CELL + (x % CELL);
        const value = plane[start + across[x]];
        values[channel * count + (y >> 2) * columns + (x >> 2)] = value < 0 ? 0 : value > 1 ? 1 : value;
      }
    }
  });
  const told = values.subarray(-3 * count);
  const texture = layers.texture;
  told.fill(texture ? texture.stepIndex / STEPS : 1, 0, count);
  told.fill(texture ? 1 : 0, 2 * count);
  if (noise && texture?.grain) {
    const [inRows, inColumns] = [rows - 2 * margin, columns - 2 * margin];
    const levels = Float32Array.from(texture.grain.levels, (level) => level / (GRAIN_LEVELS - 1));
    const strength = resize(levels, texture.grain.shape, [inRows, inColumns], "linear");
    for (let row = 0; row < rows; row++) {
      const start = continued(row - margin, inRows) * inColumns;
      for (let column = 0; column < columns; column++) {
        told[count + row * columns + column] = strength[start + continued(column - margin, inColumns)];
      }
    }
  }
  return { shape: [rows, columns], values };
}
