/** Luma and two colour differences, the planes every layer of colour is coded in (ITU-R BT.601, full range). */

/** Three planes of rows x columns samples each, row by row, centred on 0 (-128 to 128). */
export interface Planes {
  readonly rows: number;
  readonly columns: number;
  readonly samples: readonly [Float32Array, Float32Array, Float32Array];
}

export function emptyPlanes(rows: number, columns: number): Planes {
  const plane = () => new Float32Array(rows * columns);
  return { rows, columns, samples: [plane(), plane(), plane()] };
}

/** The nearest integer, the even one of two. */
export function nearest(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
}

/** Red, green and blue planes, each `most` for white, not clipped. */
export function toRgb({ rows, columns, samples: [luma, blueDifference, redDifference] }: Planes, most: number): Planes {
  const out = emptyPlanes(rows, columns);
  const [red, green, blue] = out.samples;
  const scale = most / 255;
  for (let at = 0; at < luma.length; at++) {
    const light = luma[at] + 128;
    const r = light + 1.402 * redDifference[at];
    const b = light + 1.772 * blueDifference[at];
    red[at] = r * scale;
    green[at] = (light - 0.299 * r - 0.114 * b) * ((1 / 0.587) * scale);
    blue[at] = b * scale;
  }
  return out;
}

/** The planes of red, green and blue ones, each `most` for white. */
export function fromRgb({ rows, columns, samples: [red, green, blue] }: Planes, most: number): Planes {
  const out = emptyPlanes(rows, columns);
  const [luma, blueDifference, redDifference] = out.samples;
  const scale = 255 / most;
  for (let at = 0; at < red.length; at++) {
    const r = red[at] * scale;
    const b = blue[at] * scale;
    const light = 0.299 * r + 0.587 * (green[at] * scale) + 0.114 * b;
    luma[at] = light - 128;
    blueDifference[at] = (b - light) * (1 / 1.772);
    redDifference[at] = (r - light) * (1 / 1.402);
  }
  return out;
}

/** The picture as a canvas takes it: red, green, blue and 255 for every pixel, rounded and clipped. */
export function toPixels({ samples: [luma, blueDifference, redDifference] }: Planes): Uint8ClampedArray<ArrayBuffer> {
  const out = new Uint8ClampedArray(4 * luma.length); // which rounds to even and clips by itself
  for (let at = 0, to = 0; at < luma.length; at++, to += 4) {
    const light = luma[at] + 128;
    const r = light + 1.402 * redDifference[at];
    const b = light + 1.772 * blueDifference[at];
    out[to] = r;
    out[to + 1] = (light - 0.299 * r - 0.114 * b) * (1 / 0.587);
    out[to + 2] = b;
    out[to + 3] = 255;
  }
  return out;
}
