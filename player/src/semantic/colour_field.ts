/** The colour field: what a few low-order cosine coefficients say of a picture's colours and layout. */

import { emptyPlanes, type Planes } from "../image/planes";
import type { Descriptors, Size } from "../layers";

export const MOST_COEFFICIENTS = 160;
/** Quantiser steps in grey levels. */
const STEPS = [3.0, 4.2, 6.0, 8.5, 12.0, 17.0, 24.0, 34.0];
const FREQUENCIES = 16;
/** Squared frequency of chroma, relative to luma, in the order. */
const CHROMA_FREQUENCY = 6;

/** Plane, u (across) and v (down) of every coefficient a picture can have, in the order they are coded in. */
function order([width, height]: Size): [plane: number, u: number, v: number][] {
  const entries: [frequency: number, plane: number, u: number, v: number][] = [];
  for (let plane = 0; plane < 3; plane++) {
    for (let u = 0; u < Math.min(FREQUENCIES, width); u++) {
      for (let v = 0; v < Math.min(FREQUENCIES, height); v++) {
        entries.push([(plane ? CHROMA_FREQUENCY : 1) * ((u * height) ** 2 + (v * width) ** 2), plane, u, v]);
      }
    }
  }
  entries.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3]);
  return entries.slice(0, MOST_COEFFICIENTS).map(([, plane, u, v]) => [plane, u, v]);
}

/** cos(pi k x) of unit energy at the middle of each of `length` samples: FREQUENCIES rows. */
function basis(length: number): Float32Array {
  const out = new Float32Array(FREQUENCIES * length);
  for (let k = 0; k < FREQUENCIES; k++) {
    for (let index = 0; index < length; index++) {
      out[k * length + index] = k ? Math.cos(Math.PI * k * ((index + 0.5) / length)) * Math.SQRT2 : 1;
    }
  }
  return out;
}

/** The field of rows x columns samples, grey without descriptors. size: of the picture, which fixes the order. */
export function colourField(descriptors: Descriptors | null, rows: number, columns: number, size: Size): Planes {
  const out = emptyPlanes(rows, columns);
  if (!descriptors) return out;
  const tables = out.samples.map(() => new Float32Array(FREQUENCIES * FREQUENCIES));
  const step = STEPS[descriptors.stepIndex];
  order(size).forEach(([plane, u, v], index) => {
    tables[plane][v * FREQUENCIES + u] = (descriptors.coefficients[index] ?? 0) * step;
  });
  const [across, down] = [basis(columns), basis(rows)];
  const line = new Float32Array(FREQUENCIES);
  out.samples.forEach((plane, index) => {
    const table = tables[index];
    for (let row = 0; row < rows; row++) {
      line.fill(0);
      for (let v = 0; v < FREQUENCIES; v++) {
        for (let u = 0; u < FREQUENCIES; u++) {
          line[u] = line[u] + down[v * rows + row] * table[v * FREQUENCIES + u];
        }
      }
      const samples = plane.subarray(row * columns, (row + 1) * columns);
      for (let u = 0; u < FREQUENCIES; u++) {
        const weight = line[u];
        if (!weight) continue;
        const start = u * columns;
        for (let column = 0; column < columns; column++) {
          samples[column] = samples[column] + weight * across[start + column];
        }
      }
    }
  });
  return out;
}
