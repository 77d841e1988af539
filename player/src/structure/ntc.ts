/** The latents of a learned transform that draws soft edge maps: a few integers a block of 16 x 16 pixels. */

import { latentGrid } from "../codestream/grids";
import type { Tables } from "../codestream/tables";
import { AdaptiveBits } from "../entropy/models";
import { Decoder, Encoder, type ValueCoder } from "../entropy/range_coder";
import type { Size, SoftEdges } from "../layers";

const RATES = 4;
const CHANNELS = 12;
const LARGEST = 15;
const NEIGHBOUR_LEVEL = [0, 1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5] as const;
const CHANNEL_CONTEXTS = 3;
const CONTEXTS = 6 * CHANNEL_CONTEXTS;
const CONFIDENCE = 24;

export function pack(edges: SoftEdges, size: Size, tables: Tables): Uint8Array {
  const encoder = new Encoder();
  encoder.uniform(edges.rate, RATES);
  codeLatents(encoder, edges.latents, size, edges.rate, tables);
  return encoder.finish();
}

/** Any bytes give a map. */
export function unpack(data: Uint8Array, size: Size, tables: Tables): SoftEdges {
  const decoder = new Decoder(data);
  const rate = decoder.uniform(0, RATES);
  const latents = codeLatents(decoder, null, size, rate, tables);
  return { kind: "soft-edges", channels: CHANNELS, shape: latentGrid(size), latents, rate };
}

/**
 * Codes latents channel by channel in raster order; with `wanted` null they come from the coder.
 *
 * The context of a latent is how large the four coded neighbours in its channel are and how large the channels before
 * it are at its place.
 */
function codeLatents(
  coder: ValueCoder,
  wanted: Int8Array | null,
  size: Size,
  rate: number,
  tables: Tables,
): Int8Array {
  const [rows, columns] = latentGrid(size);
  const stride = columns + 2;
  const before = new Uint8Array(stride * (rows + 1)); // magnitudes of the channels done, summed: at most 180
  const latents = new Int8Array(CHANNELS * rows * columns);
  let index = 0;
  for (let channel = 0; channel < CHANNELS; channel++) {
    const [nonzero, larger, sign] = ["nonzero", "larger", "sign"].map((name) => {
      const table = tables.get(`ntc.table_${name}`);
      const length = table.length / (RATES * CHANNELS);
      const first = (rate * CHANNELS + channel) * length;
      return new AdaptiveBits(table.subarray(first, first + length), CONFIDENCE);
    });
    const sizes = new Uint8Array(stride * (rows + 1));
    const signs = new Uint8Array(stride * (rows + 1));
    for (let row = 0; row < rows; row++) {
      let place = stride * (row + 1) + 1;
      for (let column = 0; column < columns; column++, place++, index++) {
        const above = place - stride;
        const near = 2 * (sizes[place - 1] + sizes[above]) + sizes[above - 1] + sizes[above + 1];
        const total = before[place];
        const context = NEIGHBOUR_LEVEL[Math.min(near, 16)] * CHANNEL_CONTEXTS + (total > 2 ? 2 : total ? 1 : 0);
        const value = wanted ? wanted[index] : 0;
        const magnitude = Math.abs(value);
        if (!nonzero.code(coder, context, magnitude ? 1 : 0)) continue;
        let found = 1;
        // The first "larger" depends on the neighbours, the others on how large it is already.
        while (
          found < LARGEST &&
          larger.code(coder, found === 1 ? context : CONTEXTS + found - 2, magnitude > found ? 1 : 0)
        ) {
          found++;
        }
        const negative = sign.code(coder, signs[place - 1], value < 0 ? 1 : 0);
        sizes[place] = found;
        before[place] += found;
        signs[place] = negative ? 2 : 1;
        latents[index] = negative ? -found : found;
      }
    }
  }
  return latents;
}
