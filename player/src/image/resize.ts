/** One plane at another size, as OpenCV makes it: pixels are areas, and the border is continued. */

/** Each output sample's inputs along one axis: `taps` indices and weights a sample, one behind the other. */
interface Filter {
  readonly taps: number;
  readonly indices: Int32Array;
  readonly weights: Float32Array;
}

function filter(from: number, to: number, taps: number, weigh: (position: number, weights: Float32Array) => number): Filter {
  const indices = new Int32Array(to * taps);
  const weights = new Float32Array(to * taps);
  for (let index = 0; index < to; index++) {
    const first = weigh(index, weights.subarray(index * taps, (index + 1) * taps));
    for (let tap = 0; tap < taps; tap++) {
      indices[index * taps + tap] = Math.min(Math.max(first + tap, 0), from - 1);
    }
  }
  return { taps, indices, weights };
}

/** Where the middle of an output sample lies among the inputs. */
function middle(index: number, from: number, to: number): number {
  return Math.fround((index + 0.5) * (from / to) - 0.5);
}

function linear(from: number, to: number): Filter {
  return filter(from, to, 2, (index, weights) => {
    const at = middle(index, from, to);
    const first = Math.floor(at);
    weights[1] = at - first;
    weights[0] = 1 - weights[1];
    return first;
  });
}

const SHARPNESS = -0.75;

function cubic(from: number, to: number): Filter {
  return filter(from, to, 4, (index, weights) => {
    const at = middle(index, from, to);
    const first = Math.floor(at);
    const x = Math.fround(at - first);
    const near = (away: number) => ((SHARPNESS + 2) * away - (SHARPNESS + 3)) * away * away + 1;
    weights[0] = ((SHARPNESS * (x + 1) - 5 * SHARPNESS) * (x + 1) + 8 * SHARPNESS) * (x + 1) - 4 * SHARPNESS;
    weights[1] = near(x);
    weights[2] = near(1 - x);
    weights[3] = 1 - weights[0] - weights[1] - weights[2];
    return first - 1;
  });
}

/** Each output sample is the mean of the area it covers; only to shrink. */
function area(from: number, to: number): Filter {
  const scale = from / to;
  const taps = Math.ceil(scale) + 1;
  return filter(from, to, taps, (index, weights) => {
    const start = index * scale;
    const end = Math.min(start + scale, from);
    const first = Math.floor(start);
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      const cover = Math.max(0, Math.min(end, first + tap + 1) - Math.max(start, first + tap));
      weights[tap] = cover;
      sum += cover;
    }
    for (let tap = 0; tap < taps; tap++) weights[tap] = weights[tap] / sum;
    return first;
  });
}

const FILTERS = { linear, cubic, area };

/** A plane of `from` [rows, columns] at the size `to`. `how`: "area" is for shrinking only. */
export function resize(
  plane: Float32Array,
  from: readonly [number, number],
  to: readonly [number, number],
  how: keyof typeof FILTERS,
): Float32Array {
  const [across, down] = [FILTERS[how](from[1], to[1]), FILTERS[how](from[0], to[0])];
  const wide = new Float32Array(from[0] * to[1]);
  for (let row = 0; row < from[0]; row++) {
    const start = row * from[1];
    for (let column = 0; column < to[1]; column++) {
      let sum = 0;
      for (let tap = 0, at = column * across.taps; tap < across.taps; tap++, at++) {
        sum += across.weights[at] * plane[start + across.indices[at]];
      }
      wide[row * to[1] + column] = sum;
    }
  }
  const out = new Float32Array(to[0] * to[1]);
  for (let row = 0; row < to[0]; row++) {
    const line = out.subarray(row * to[1], (row + 1) * to[1]);
    for (let tap = 0, at = row * down.taps; tap < down.taps; tap++, at++) {
      const weight = down.weights[at];
      const start = down.indices[at] * to[1];
      for (let column = 0; column < to[1]; column++) line[column] = line[column] + weight * wide[start + column];
    }
  }
  return out;
}
