/**
 * Adaptive integer bit models. A coder of layers is written once as a function over a `BitCoder`; whether it encodes,
 * decodes or only adds up code lengths is decided by the object it is given.
 */

import { PROBABILITY_ONE, type BitCoder, type ValueCoder } from "./range_coder";

const RATES = Int32Array.from({ length: 41 }, (_, count) => Math.max(Math.floor(65536 / (count + 2)), 1700));
const LOWEST = 48;
const HIGHEST = PROBABILITY_ONE - 48;
const MOST_COUNT = 40;

/** A table of adaptive bit probabilities; each entry learns fast at first, slowly later. */
export class AdaptiveBits {
  readonly #probabilities: Int32Array;
  readonly #counts: Uint8Array;

  constructor(initial: ArrayLike<number>, confidence = 4) {
    this.#probabilities = new Int32Array(initial);
    this.#counts = new Uint8Array(initial.length).fill(confidence);
  }

  /** Codes one bit in `context` and learns from it. */
  code(coder: BitCoder, context: number, value = 0): number {
    const probability = this.#probabilities[context];
    const bit = coder.bit(value, Math.min(Math.max(probability, LOWEST), HIGHEST));
    const count = this.#counts[context];
    // Below 2**31: the rate of a count of 4, the least confidence there is, is 10,922.
    this.#probabilities[context] = probability + ((((bit ? PROBABILITY_ONE : 0) - probability) * RATES[count]) >> 16);
    if (count < MOST_COUNT) this.#counts[context] = count + 1;
    return bit;
  }
}

/** Codes non-negative integers: unary up to `unary`, then Elias-gamma; all bits but the last ones adaptive. */
export class MagnitudeModel {
  readonly #more: AdaptiveBits;
  readonly #length = new AdaptiveBits(new Uint16Array(20).fill(PROBABILITY_ONE / 2));

  constructor(
    private readonly unary: number,
    private readonly largest: number,
    probabilityMore: number,
  ) {
    this.#more = new AdaptiveBits(new Uint16Array(unary).fill(probabilityMore));
  }

  /** Codes `value`; a damaged stream yields at most the model's `largest` value. */
  code(coder: ValueCoder, value = 0): number {
    for (let step = 0; step < this.unary; step++) {
      if (!this.#more.code(coder, step, value > step ? 1 : 0)) return step;
    }
    const rest = value - this.unary + 1;
    let length = 0;
    while (length < 20 && this.#length.code(coder, length, rest >> (length + 1) > 0 ? 1 : 0)) length++;
    const low = coder.uniform(rest & ((1 << length) - 1), 1 << length);
    return Math.min(((1 << length) | low) - 1 + this.unary, this.largest);
  }
}

/** Adds up ideal code lengths in `bits`; for an encoder's decisions only. */
export class BitMeter implements ValueCoder {
  bits = 0;

  bit(value: number, probabilityOne: number): number {
    this.bits -= Math.log2((value ? probabilityOne : PROBABILITY_ONE - probabilityOne) / PROBABILITY_ONE);
    return value;
  }

  uniform(value: number, count: number): number {
    this.bits += Math.log2(count);
    return value;
  }
}
