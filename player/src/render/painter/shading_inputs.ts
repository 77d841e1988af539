/** What the network that shades is given: a sketch's field and strokes, cell by cell, and how much was sent. */

import { continued } from "../../image/pad";
import { nearest, toRgb } from "../../image/planes";
import type { Descriptors, Shape, Size, Strokes } from "../../layers";
import { colourField, MOST_COEFFICIENTS } from "../../semantic/colour_field";
import { lineMask } from "../../structure/line_drawing";
import type { Channels } from "./small_networks";

/** Pixels along a cell's side: all pixels of a cell's lines are channels of one place. */
const CELL = 4;
/** Rows and columns of cells are multiples of this. */
const ALIGNED = 16;
/** Pixels along the longer side of what the network paints, whatever the picture's size. */
const LONG_SIDE = 512;
/** Pixels. */
export const LINE_WIDTH = 2;
const DENSEST = 0.25;

/** Rows and columns of pixels in which a picture is shaded. */
export function shapeFor([width, height]: Size): Shape {
  const scale = LONG_SIDE / Math.max(width, height);
  return [Math.max(1, nearest(height * scale)), Math.max(1, nearest(width * scale))];
}

/**
 * A cell's red, green and blue, 0 to 1; how far a stroke covers each of its pixels, row by row; then how much of the grid
 * strokes cover and how many descriptors there are. The picture is continued to ALIGNED whole cells.
 */
export function inputs(descriptors: Descriptors | null, strokes: Strokes, size: Size): Channels {
  const [height, width] = shapeFor(size);
  const colours = toRgb(colourField(descriptors, height, width, size), 1).samples;
  const lines = lineMask(strokes, height, width, LINE_WIDTH);
  const drawn = strokes.cells.reduce((sum, cell) => sum + cell, 0) / strokes.cells.length;
  const told = [Math.min(1, drawn / DENSEST), (descriptors?.coefficients.length ?? 0) / MOST_COEFFICIENTS];
  const [rows, columns] = [height, width].map((side) => Math.ceil(side / (CELL * ALIGNED)) * ALIGNED);
  const count = rows * columns;
  const values = new Float32Array((3 + CELL * CELL + told.length) * count);
  for (let y = 0; y < rows * CELL; y++) {
    const start = continued(y, height) * width;
    for (let x = 0; x < columns * CELL; x++) {
      const from = start + continued(x, width);
      const to = (y >> 2) * columns + (x >> 2);
      for (let index = 0; index < 3; index++) {
        values[index * count + to] += Math.min(Math.max(colours[index][from], 0), 1) / (CELL * CELL);
      }
      values[(3 + (y % CELL) * CELL + (x % CELL)) * count + to] = lines[from];
    }
  }
  told.forEach((value, index) => values.fill(value, (3 + CELL * CELL + index) * count, (4 + CELL * CELL + index) * count));
  return { shape: [rows, columns], values };
}
