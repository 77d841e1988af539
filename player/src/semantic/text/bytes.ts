/**
 * Codes text the model knows nothing about: UTF-8 bytes with probabilities that adapt as they go.
 *
 * Each bit of a byte is predicted from two adaptive counters: one for the place in a UTF-8 sequence, one for the byte
 * before. The first is trusted at once, the second in proportion to what it has seen.
 */

import type { BitCoder } from "../../entropy/range_coder";
import { BitstreamError } from "../../errors";

const STOP = 0xff; // never a byte of UTF-8
const MOST_COUNT = 29;
const RATES = Array.from({ length: MOST_COUNT + 1 }, (_, count) => Math.floor((65536 * 2) / (2 * count + 3)));

class Counters {
  readonly #probabilities = new Map<number, number>();
  readonly #counts = new Map<number, number>();

  code(coder: BitCoder, bit: number, place: number, previous: number, node: number): number {
    const byPlace = place * 256 + node;
    const byByte = (256 + previous) * 256 + node;
    const probability = (key: number) => this.#probabilities.get(key) ?? 32768;
    const count = (key: number) => this.#counts.get(key) ?? 0;
    const trustPlace = count(byPlace) + 1;
    const trustByte = 3 * count(byByte);
    const mixed = Math.floor(
      (probability(byPlace) * trustPlace + probability(byByte) * trustByte) / (trustPlace + trustByte),
    );
    const found = coder.bit(bit, Math.min(Math.max(mixed, 64), 65536 - 64));
    for (const key of [byPlace, byByte]) {
      const before = probability(key);
      // The product may exceed 2**31, so no shift.
      this.#probabilities.set(key, before + Math.floor(((65536 * found - before) * RATES[count(key)]) / 65536));
      this.#counts.set(key, Math.min(count(key) + 1, MOST_COUNT));
    }
    return found;
  }
}

/** Encodes UTF-8 `data`, or decodes it when it is null; at most `limit` bytes. */
export function codeBytes(coder: BitCoder, data: Uint8Array | null, limit: number): Uint8Array {
  const counters = new Counters();
  const result: number[] = [];
  let place = 0;
  let previous = 0;
  for (;;) {
    const target = data ? (data[result.length] ?? STOP) : 0;
    let node = 1;
    for (let shift = 7; shift >= 0; shift--) {
      node = node * 2 + counters.code(coder, (target >> shift) & 1, place, previous, node);
    }
    const byte = node & 0xff;
    if (byte === STOP) return Uint8Array.from(result);
    if (result.length === limit) throw new BitstreamError("The caption is longer than the format allows.");
    result.push(byte);
    previous = byte;
    // The place is how many continuation bytes are still due.
    if ((byte & 0xc0) === 0x80 && place) place--;
    else place = (byte >= 0xc0 ? 1 : 0) + (byte >= 0xe0 ? 1 : 0) + (byte >= 0xf0 ? 1 : 0);
  }
}
