/** What runs the painter's small networks. */

import type { Planes } from "../../image/planes";
import type { Shape } from "../../layers";

/** What a network is given or makes: channels of `shape`, one behind the other. */
export interface Channels {
  readonly shape: Shape;
  readonly values: Float32Array;
}

/** A network of one input and one output. */
export type Network = (given: Channels) => Promise<Channels>;

/** Finds the network of a name; it is loaded the first time. */
export type Networks = (name: "brush" | "shading") => Promise<Network>;

/** A part of `shape` of all channels. */
export function cut(
  { shape: [rows, columns], values }: Channels, top: number, left: number, [partRows, partColumns]: Shape,
): Channels {
  const channels = values.length / (rows * columns);
  const out = new Float32Array(channels * partRows * partColumns);
  let to = 0;
  for (let channel = 0; channel < channels; channel++) {
    for (let row = top; row < top + partRows; row++, to += partColumns) {
      const start = (channel * rows + row) * columns + left;
      out.set(values.subarray(start, start + partColumns), to);
    }
  }
  return { shape: [partRows, partColumns], values: out };
}

/** Three channels as planes. */
export function asPlanes({ shape: [rows, columns], values }: Channels): Planes {
  const plane = (index: number) => values.subarray(index * rows * columns, (index + 1) * rows * columns);
  return { rows, columns, samples: [plane(0), plane(1), plane(2)] };
}
