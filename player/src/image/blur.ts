/** Blurs of one plane. The Gaussian is as OpenCV makes it of floating point: eight deviations wide, mirrored at the border. */

/** The kernel from its middle outwards. */
function halfKernel(deviation: number): Float32Array {
  const reach = (nearestOdd(8 * deviation + 1) - 1) / 2;
  const weights = Array.from({ length: reach + 1 }, (_, away) => Math.exp((-away * away) / (2 * deviation * deviation)));
  const sum = weights.reduce((total, weight, away) => total + (away ? 2 * weight : weight), 0);
  return Float32Array.from(weights, (weight) => weight / sum);
}

function nearestOdd(value: number): number {
  return Math.round(value) | 1;
}

/** An index that is mirrored at the first and last sample until it lies within. */
function mirrored(index: number, length: number): number {
  if (index >= 0 && index < length) return index;
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const within = ((index % period) + period) % period;
  return within < length ? within : period - within;
}

/** Blur a rows x columns plane; the plane stays as it is. */
export function gaussianBlur(plane: Float32Array, rows: number, columns: number, deviation: number): Float32Array {
  const kernel = halfKernel(deviation);
  const reach = kernel.length - 1;
  const across = new Float32Array(rows * columns);
  const padded = new Float32Array(columns + 2 * reach);
  const left = Array.from({ length: reach }, (_, index) => mirrored(index - reach, columns));
  const right = Array.from({ length: reach }, (_, index) => mirrored(columns + index, columns));
  for (let row = 0, start = 0; row < rows; row++, start += columns) {
    padded.set(plane.subarray(start, start + columns), reach);
    for (let index = 0; index < reach; index++) {
      padded[index] = plane[start + left[index]];
      padded[reach + columns + index] = plane[start + right[index]];
    }
    for (let column = 0; column < columns; column++) {
      const middle = column + reach;
      let sum = kernel[0] * padded[middle];
      for (let away = 1; away <= reach; away++) sum += kernel[away] * (padded[middle - away] + padded[middle + away]);
      across[start + column] = sum;
    }
  }
  const out = new Float32Array(rows * columns);
  for (let row = 0, start = 0; row < rows; row++, start += columns) {
    const line = out.subarray(start, start + columns);
    for (let column = 0; column < columns; column++) line[column] = kernel[0] * across[start + column];
    for (let away = 1; away <= reach; away++) {
      const weight = kernel[away];
      const above = mirrored(row - away, rows) * columns;
      const below = mirrored(row + away, rows) * columns;
      for (let column = 0; column < columns; column++) {
        line[column] = line[column] + weight * (across[above + column] + across[below + column]);
      }
    }
  }
  return out;
}

/** The median of the side x side pixels, side odd, around each of a rows x columns plane, the border pixels repeated. */
export function medians(plane: Float32Array, rows: number, columns: number, side: number): Float32Array {
  const reach = side >> 1;
  const within = (index: number, length: number) => Math.min(Math.max(index, 0), length - 1);
  const wide = columns + 2 * reach;
  const padded = new Float32Array(wide * (rows + 2 * reach));
  for (let at = 0; at < padded.length; at++) {
    padded[at] = plane[within(Math.floor(at / wide) - reach, rows) * columns + within((at % wide) - reach, columns)];
  }
  const around = new Float32Array(side * side);
  const out = new Float32Array(plane.length);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at++) {
      for (let y = 0, found = 0, from = row * wide + column; y < side; y++, from += wide) {
        for (let x = 0; x < side; x++) around[found++] = padded[from + x];
      }
      out[at] = middle(around);
    }
  }
  return out;
}

/** The median of an odd number of values, whose order changes (Hoare's selection: a third faster than to sort). */
function middle(values: Float32Array): number {
  const half = values.length >> 1;
  for (let first = 0, last = values.length - 1; first < last; ) {
    const pivot = values[half];
    let [low, high] = [first, last];
    while (low <= high) {
      while (values[low] < pivot) low++;
      while (values[high] > pivot) high--;
      if (low <= high) {
        const value = values[low];
        values[low++] = values[high];
        values[high--] = value;
      }
    }
    if (high < half) first = low;
    if (half < low) last = high;
  }
  return values[half];
}

/** The mean of `down` x `across` pixels, both odd, around each of a plane; its border pixels are repeated. */
export function boxMean(plane: Float32Array, rows: number, columns: number, down: number, across: number): Float32Array {
  const along = runningMeans(plane, rows, columns, across, columns, 1);
  return runningMeans(along, columns, rows, down, 1, columns);
}

/** The mean of `length` pixels, odd, of the diagonal through each that falls to the right, or rises with step -1. */
export function diagonalMean(
  plane: Float32Array, rows: number, columns: number, length: number, step: 1 | -1,
): Float32Array {
  const out = new Float32Array(plane.length);
  const reach = (length - 1) / 2;
  const within = (index: number, count: number) => Math.min(Math.max(index, 0), count - 1);
  for (let row = 0; row < rows; row++) {
    for (let away = -reach; away <= reach; away++) {
      const start = within(row + step * away, rows) * columns;
      for (let column = 0; column < columns; column++) {
        out[row * columns + column] += plane[start + within(column + away, columns)] / length;
      }
    }
  }
  return out;
}

/** The means of `width` values along lines of `length`, one after the other `step` apart. */
function runningMeans(
  values: Float32Array, lines: number, length: number, width: number, lineStep: number, step: number,
): Float32Array {
  const out = new Float32Array(values.length);
  const reach = (width - 1) / 2;
  for (let line = 0; line < lines; line++) {
    const at = (index: number) => values[line * lineStep + Math.min(Math.max(index, 0), length - 1) * step];
    let sum = 0;
    for (let index = -reach; index < reach; index++) sum += at(index);
    for (let index = 0; index < length; index++) {
      sum += at(index + reach);
      out[line * lineStep + index * step] = sum / width;
      sum -= at(index - reach);
    }
  }
  return out;
}

/** Blur a plane where `mask` is not 0, and only as much as it says, 0 to 1; in place. */
export function blurUnder(mask: Float32Array, plane: Float32Array, rows: number, columns: number, deviation: number): void {
  const kernel = halfKernel(deviation);
  const reach = kernel.length - 1;
  const changes = new Float32Array(mask.length);
  for (let at = 0; at < mask.length; at++) {
    if (!mask[at]) continue;
    const row = Math.floor(at / columns);
    const column = at % columns;
    let sum = 0;
    for (let down = -reach; down <= reach; down++) {
      const start = mirrored(row + down, rows) * columns;
      let line = 0;
      for (let right = -reach; right <= reach; right++) {
        line += kernel[Math.abs(right)] * plane[start + mirrored(column + right, columns)];
      }
      sum += kernel[Math.abs(down)] * line;
    }
    changes[at] = mask[at] * (sum - plane[at]);
  }
  for (let at = 0; at < plane.length; at++) plane[at] += changes[at];
}
