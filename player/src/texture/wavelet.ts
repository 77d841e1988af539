/**
 * The inverse of the CDF 9/7 wavelet that stops at strokes, in lifting form.
 *
 * Each lifting step adds the two neighbours' sum; a neighbour behind a stroke counts for little and the other one for
 * it, which is the mirror at the border of a picture made at every stroke. Coefficients stand in the usual nested
 * layout: low-pass first, in both directions, at every level.
 */

import { levelShapes } from "../codestream/grids";
import type { Shape } from "../layers";
import type { Barriers } from "../structure/barriers";

const LIFTING = [-1.586134342059924, -0.052980118572961, 0.882911075530934, 0.443506852043971];
const SCALE = 1.149604398860241;
/** How open a cut link still is. */
const CLOSED = Math.fround(0.02);

/**
 * What the neighbour before each sample counts for, 0 to 2; the one behind it counts for the rest of 2.
 * `lines`: one line of samples for all where nothing is cut.
 */
interface Shares {
  readonly before: Float32Array;
  readonly lines: number;
}

/** The shares of lines of `length` samples; openness: of the link behind each sample, line by line. */
function sharesOf(openness: Float32Array, length: number): Shares {
  const before = new Float32Array(openness.length);
  for (let start = 0; start < openness.length; start += length) {
    let left = 0;
    for (let index = 0; index < length; index++) {
      const right = index < length - 1 ? openness[start + index] : 0;
      before[start + index] = left * Math.fround(2 / (left + right));
      left = right;
    }
  }
  return { before, lines: openness.length / length };
}

/** How open each link along rows is, level by level. cut: height x width, 1 where the link behind a pixel is cut. */
function openness(cut: Uint8Array, width: number, shapes: readonly Shape[]): Float32Array[] {
  // Only the rows and columns of the cut links, of which there are few; sorted by row, then by column.
  let count = cut.reduce((sum, link) => sum + link, 0);
  const [linkRows, linkColumns] = [new Int32Array(count), new Int32Array(count)];
  for (let at = cut.indexOf(1), index = 0; at >= 0; at = cut.indexOf(1, at + 1), index++) {
    linkRows[index] = Math.floor(at / width);
    linkColumns[index] = at % width;
  }
  return shapes.map(([rows, columns], level) => {
    const open = new Float32Array(rows * columns).fill(1);
    if (level === 0) {
      for (let index = 0; index < count; index++) open[linkRows[index] * columns + linkColumns[index]] = CLOSED;
      return open;
    }
    // A link of this level is cut in a row where one of its two halves is.
    let merged = 0;
    for (let index = 0; index < count; index++) {
      const [row, column] = [linkRows[index], linkColumns[index] >> 1];
      if (merged && linkRows[merged - 1] === row && linkColumns[merged - 1] === column) continue;
      linkRows[merged] = row;
      linkColumns[merged++] = column;
    }
    count = merged;
    // A sample stands at its cell's upper left corner; its rows reach half a cell up and down, mirrored at the top.
    const counts = new Uint16Array(rows * columns);
    for (let index = 0; index < count; index++) {
      const half = linkRows[index] >> (level - 1);
      const cell = (half + 1) >> 1;
      if (cell < rows) counts[cell * columns + linkColumns[index]] += half ? 1 : 2;
    }
    for (let at = 0; at < counts.length; at++) {
      if (counts[at]) open[at] = Math.max(1 - counts[at] / (1 << level), CLOSED);
    }
    return open;
  });
}

function transposed(plane: Uint8Array, [rows, columns]: Shape): Uint8Array {
  const out = new Uint8Array(plane.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) out[column * rows + row] = plane[row * columns + column];
  }
  return out;
}

export class StrokeWavelet {
  readonly shapes: Shape[];
  readonly #across: Shares[];
  readonly #along: Shares[];

  /** The transform of pictures of one shape with one set of strokes; barriers: null where nothing is cut. */
  constructor(shape: Shape, barriers: Barriers | null) {
    this.shapes = levelShapes([shape[1], shape[0]]);
    const levels = this.shapes.slice(0, -1);
    if (!barriers) {
      const free = (length: number) => sharesOf(new Float32Array(length).fill(1), length);
      this.#across = levels.map(([, columns]) => free(columns));
      this.#along = levels.map(([rows]) => free(rows));
      return;
    }
    const turned = this.shapes.map(([rows, columns]): Shape => [columns, rows]);
    const across = openness(barriers.right, shape[1], this.shapes);
    const along = openness(transposed(barriers.down, shape), shape[0], turned);
    this.#across = levels.map(([, columns], level) => sharesOf(across[level], columns));
    this.#along = levels.map(([rows, columns], level) => columnFirst(sharesOf(along[level], rows), rows, columns));
  }

  /** The plane of some coefficients of `shape`, one of `shapes`; finer ones count as zeros. */
  inverse(coefficients: Float32Array, shape: Shape): Float32Array {
    const start = this.shapes.findIndex(([rows, columns]) => rows === shape[0] && columns === shape[1]);
    const stride = shape[1];
    const coarsest = this.shapes[this.shapes.length - 1];
    let low = block(coefficients, stride, coarsest);
    for (let level = this.shapes.length - 2; level >= 0; level--) {
      const [rows, columns] = this.shapes[level];
      const [lowRows, lowColumns] = this.shapes[level + 1];
      let found = low;
      let wide = lowColumns;
      let fine = false;
      if (level >= start) {
        const whole = block(coefficients, stride, [rows, columns]);
        for (let row = 0; row < lowRows; row++) {
          whole.set(new Float32Array(lowColumns), row * columns);
        }
        // Without fine detail, which most levels lack, half of the work is not there.
        fine = whole.some((value) => value !== 0);
        if (fine) {
          for (let row = 0; row < lowRows; row++) {
            whole.set(low.subarray(row * lowColumns, (row + 1) * lowColumns), row * columns);
          }
          [found, wide] = [whole, columns];
        }
      }
      if (rows > 1) found = synthesiseDown(found, rows, wide, columns, this.#along[level], fine);
      low = columns > 1 ? synthesiseAcross(found, rows, columns, wide, this.#across[level], fine) : found;
    }
    return low;
  }
}

/** The upper left part of a plane. */
function block(plane: Float32Array, stride: number, [rows, columns]: Shape): Float32Array {
  const out = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) out.set(plane.subarray(row * stride, row * stride + columns), row * columns);
  return out;
}

/**
 * The shares of columns, given line by line, row by row instead. Columns are transformed when the rows are, so
 * low-pass ones, every second, stand first.
 */
function columnFirst({ before, lines }: Shares, rows: number, columns: number): Shares {
  const out = new Float32Array(before.length);
  const low = (columns + 1) >> 1;
  for (let column = 0; column < columns; column++) {
    const line = column < low ? 2 * column : 2 * (column - low) + 1;
    for (let row = 0; row < rows; row++) out[row * columns + column] = before[line * rows + row];
  }
  return { before: out, lines };
}

/** Join low-pass and high-pass rows; fine: whether there are high-pass ones, else they are zeros. */
function synthesiseDown(
  found: Float32Array, rows: number, wide: number, columns: number, { before, lines }: Shares, fine: boolean,
): Float32Array {
  const out = new Float32Array(rows * wide);
  const low = (rows + 1) >> 1;
  for (let row = 0; row < rows; row++) {
    if (row % 2 && !fine) continue;
    const from = (row % 2 ? low + (row >> 1) : row >> 1) * wide;
    const scale = row % 2 ? SCALE : 1 / SCALE;
    for (let column = 0; column < wide; column++) out[row * wide + column] = found[from + column] * scale;
  }
  for (let step = fine ? 3 : 2; step >= 0; step--) {
    const factor = -LIFTING[step];
    for (let row = step % 2 ? 0 : 1; row < rows; row += 2) {
      const [at, above, below] = [row * wide, Math.max(row - 1, 0) * wide, Math.min(row + 1, rows - 1) * wide];
      if (lines === 1) {
        const [one, other] = [factor * before[row], factor * (2 - before[row])];
        for (let column = 0; column < wide; column++) {
          out[at + column] = out[at + column] + one * out[above + column] + other * out[below + column];
        }
      } else {
        for (let column = 0, share = row * columns; column < wide; column++, share++) {
          const left = before[share];
          out[at + column] =
            out[at + column] + factor * (left * out[above + column] + (2 - left) * out[below + column]);
        }
      }
    }
  }
  return out;
}

/** Join low-pass and high-pass samples of each row. */
function synthesiseAcross(
  found: Float32Array, rows: number, columns: number, wide: number, { before, lines }: Shares, fine: boolean,
): Float32Array {
  const out = new Float32Array(rows * columns);
  const low = (columns + 1) >> 1;
  for (let row = 0; row < rows; row++) {
    const [at, from, shares] = [row * columns, row * wide, lines === 1 ? 0 : row * columns];
    for (let index = 0; index < low; index++) out[at + 2 * index] = found[from + index] / SCALE;
    if (fine) {
      for (let index = low; index < columns; index++) out[at + 2 * (index - low) + 1] = found[from + index] * SCALE;
    }
    for (let step = fine ? 3 : 2; step >= 0; step--) {
      const factor = -LIFTING[step];
      for (let index = step % 2 ? 0 : 1; index < columns; index += 2) {
        const left = before[shares + index];
        const behind = index ? out[at + index - 1] : 0;
        const ahead = index < columns - 1 ? out[at + index + 1] : 0;
        out[at + index] = out[at + index] + factor * (left * behind + (2 - left) * ahead);
      }
    }
  }
  return out;
}
