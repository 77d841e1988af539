/** A picture enlarged with Lanczos' filter as Pillow does it: in whole numbers, along rows first. */

/** Samples on each side of an output sample that count for it. */
const SUPPORT = 3;
const TAPS = 2 * SUPPORT + 1;
/** Weights are in 1 / UNIT. */
const UNIT = 1 << 22;

function lanczos(x: number): number {
  if (x === 0) return 1;
  if (x < -SUPPORT || x >= SUPPORT) return 0;
  const angle = x * Math.PI;
  return (Math.sin(angle) / angle) * (Math.sin(angle / SUPPORT) / (angle / SUPPORT));
}

/** The first input of each output sample and its TAPS weights. */
function weigh(from: number, to: number): { first: Int32Array; weights: Int32Array } {
  const first = new Int32Array(to);
  const weights = new Int32Array(to * TAPS);
  for (let index = 0; index < to; index++) {
    const centre = (index + 0.5) * (from / to);
    const start = Math.max(Math.trunc(centre - SUPPORT + 0.5), 0);
    const count = Math.min(Math.trunc(centre + SUPPORT + 0.5), from) - start;
    const found = Array.from({ length: count }, (_, tap) => lanczos(tap + start - centre + 0.5));
    const sum = found.reduce((total, weight) => total + weight, 0);
    first[index] = start;
    found.forEach((weight, tap) => {
      weights[index * TAPS + tap] = Math.trunc((weight / sum) * UNIT + (weight < 0 ? -0.5 : 0.5));
    });
  }
  return { first, weights };
}

/** Pixels of a canvas, columns x rows, at a size that is nowhere smaller. */
export function enlarge(
  pixels: Uint8ClampedArray, [columns, rows]: readonly [number, number], [width, height]: readonly [number, number],
): Uint8ClampedArray<ArrayBuffer> {
  const across = weigh(columns, width);
  const wide = new Uint8ClampedArray(4 * width * rows);
  for (let row = 0, to = 0; row < rows; row++) {
    for (let column = 0; column < width; column++) {
      const start = 4 * (row * columns + across.first[column]);
      for (let channel = 0; channel < 4; channel++, to++) {
        let sum = UNIT / 2;
        for (let tap = 0, at = start + channel; tap < TAPS; tap++, at += 4) {
          const weight = across.weights[column * TAPS + tap];
          if (weight) sum += weight * pixels[at];
        }
        wide[to] = sum >> 22;
      }
    }
  }
  const down = weigh(rows, height);
  const out = new Uint8ClampedArray(4 * width * height);
  for (let row = 0; row < height; row++) {
    const weights = down.weights.subarray(row * TAPS, (row + 1) * TAPS);
    const start = 4 * width * down.first[row];
    for (let index = 0; index < 4 * width; index++) {
      let sum = UNIT / 2;
      for (let tap = 0, at = start + index; tap < TAPS; tap++, at += 4 * width) {
        if (weights[tap]) sum += weights[tap] * wide[at];
      }
      out[4 * width * row + index] = sum >> 22;
    }
  }
  return out;
}
