/**
 * Strokes as barriers: smooth lines drawn between the pixels of any picture size.
 *
 * A stroke has no width here; it runs along the cracks between pixels and cuts the links it crosses, so a colour on
 * one side never mixes with the other side and no pixel lies "on" a line.
 */

import { nearest } from "../image/planes";
import type { Strokes } from "../layers";

const NEIGHBOURS = [[0, 1], [1, 0], [0, -1], [-1, 0], [1, 1], [1, -1], [-1, -1], [-1, 1]] as const;
/** How many points back a line's direction is taken from. */
const LOOK_BACK = 3;

/** Points (y, x), one behind the other. */
export type Line = Float64Array;

/** Follow a sketch: lines of cells, as places in a grid with an empty frame of one cell. */
function trace({ shape: [rows, columns], cells }: Strokes): { stride: number; lines: number[][] } {
  const stride = columns + 2;
  const drawn = new Uint8Array((rows + 2) * stride);
  for (let row = 0; row < rows; row++) {
    drawn.set(cells.subarray(row * columns, (row + 1) * columns), (row + 1) * stride + 1);
  }
  const steps = NEIGHBOURS.map(([down, right]) => ({ step: down * stride + right, down, right }));
  const ends: number[] = [];
  const others: number[] = [];
  drawn.forEach((filled, cell) => {
    if (!filled) return;
    let degree = 0;
    for (const { step } of steps) degree += drawn[cell + step];
    (degree === 1 ? ends : others).push(cell);
  });
  const left = drawn.slice();
  const lines: number[][] = [];
  // Line ends first, so that a stroke is one line and not two halves.
  for (const start of [...ends, ...others]) {
    if (!left[start]) continue;
    left[start] = 0;
    let line = [start];
    let [here, down, right] = [start, 0, 0];
    for (;;) {
      let [following, ahead] = [0, -9];
      for (const { step, down: stepDown, right: stepRight } of steps) {
        if (!left[here + step]) continue;
        const straightness = stepDown * down + stepRight * right;
        if (straightness > ahead) [following, ahead] = [here + step, straightness];
      }
      if (!following) break;
      left[following] = 0;
      line.push(following);
      here = following;
      const back = line[Math.max(line.length - 1 - LOOK_BACK, 0)];
      down = Math.floor(here / stride) - Math.floor(back / stride);
      right = (here % stride) - (back % stride);
    }
    // Close gaps to lines traced before, so that no colour leaks through a junction.
    for (const atStart of [true, false]) {
      const tip = atStart ? line[0] : line[line.length - 1];
      const known = new Set(line);
      const joint = steps.map(({ step }) => tip + step).find((cell) => drawn[cell] && !left[cell] && !known.has(cell));
      if (joint !== undefined) line = atStart ? [joint, ...line] : [...line, joint];
    }
    if (line.length > 2 && steps.some(({ step }) => line[0] - line[line.length - 1] === step)) line.push(line[0]);
    lines.push(line);
  }
  return { stride, lines };
}

/** Smooth lines in pixels of a height x width picture. */
export function polylines(strokes: Strokes, height: number, width: number): Line[] {
  const [rows, columns] = strokes.shape;
  const { stride, lines } = trace(strokes);
  return lines.map((cells) => {
    let line = new Float64Array(2 * cells.length);
    cells.forEach((cell, index) => {
      line[2 * index] = (Math.floor(cell / stride) - 1 + 0.5) * (height / rows);
      line[2 * index + 1] = ((cell % stride) - 1 + 0.5) * (width / columns);
    });
    for (let pass = 0; pass < 2; pass++) {
      const smooth = line.slice();
      for (let at = 2; at < line.length - 2; at++) smooth[at] = (line[at - 2] + 2 * line[at] + line[at + 2]) / 4;
      line = smooth;
    }
    return line;
  });
}

/** Which links of a picture the strokes cut, 1 or 0 for each pixel: the one to its right, and the one below it. */
export interface Barriers {
  readonly right: Uint8Array;
  readonly down: Uint8Array;
}

export function barriers(strokes: Strokes, height: number, width: number): Barriers {
  const right = new Uint8Array(height * width);
  const down = new Uint8Array(height * width);
  const cut = (y1: number, x1: number, y2: number, x2: number) => {
    const y = Math.min(y1, y2);
    const x = Math.min(x1, x2);
    if (y1 === y2) {
      if (y > 0 && y < height && x >= 0 && x < width) down[(y - 1) * width + x] = 1;
    } else if (x > 0 && x < width && y >= 0 && y < height) {
      right[y * width + x - 1] = 1;
    }
  };
  for (let line of polylines(strokes, height, width)) {
    if (line.length === 2) {
      const half = Math.max(width / strokes.shape[1], 1) / 2;
      line = Float64Array.of(line[0], line[1] - half, line[0], line[1] + half);
    }
    // Corner (y, x) is the upper left corner of pixel (y, x).
    let [lastY, lastX] = [nearest(line[0]), nearest(line[1])];
    const pass = (y: number, x: number) => {
      if (lastY !== y && lastX !== x) {
        cut(lastY, lastX, lastY, x);
        cut(lastY, x, y, x);
      } else if (lastY !== y || lastX !== x) {
        cut(lastY, lastX, y, x);
      }
      lastY = y;
      lastX = x;
    };
    for (let at = 0; at < line.length - 2; at += 2) {
      const [y1, x1, y2, x2] = [line[at], line[at + 1], line[at + 2], line[at + 3]];
      const count = Math.max(Math.ceil(Math.max(Math.abs(y2 - y1), Math.abs(x2 - x1)) * 2), 1);
      for (let part = 0; part < count; part++) {
        const t = part / count;
        pass(nearest(y1 * (1 - t) + y2 * t), nearest(x1 * (1 - t) + x2 * t));
      }
    }
    pass(nearest(line[line.length - 2]), nearest(line[line.length - 1]));
  }
  return { right, down };
}
