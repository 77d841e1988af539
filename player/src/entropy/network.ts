/**
 * A tiny neural network in exact integer arithmetic: inputs -> hidden -> hidden -> logits, ReLU between.
 *
 * Weights are in units of 2**-10, biases of 2**-18, inputs and activations of 2**-8. A layer's sum is scaled back by a
 * division by 2**10 and a floor. Sums stay far below 2**53, so doubles are exact in whatever order they are added.
 */

import type { Tables } from "../codestream/tables";

/** Logits are integers in units of 1 / 256, at most this either way. */
export const LOGIT_LIMIT = 11 * 256;

const UNIT = 2 ** -10;

export class IntegerNetwork {
  readonly #first: Float64Array;
  readonly #second: Float64Array;
  readonly #third: Float64Array;
  readonly #bias: Float64Array;
  readonly #secondBias: Float64Array;
  readonly #thirdBias: Float64Array;
  readonly #hidden: Float64Array;
  readonly #next: Float64Array;

  /** name: of the table with w1 (inputs, h1), w2 (h1, h2), w3 (h2, outputs), b1, b2, b3. */
  constructor(tables: Tables, name: string) {
    const read = (key: string) => new Float64Array(tables.get(`${name}.${key}`)).map((weight) => weight * UNIT);
    [this.#first, this.#second, this.#third] = [read("w1"), read("w2"), read("w3")];
    [this.#bias, this.#secondBias, this.#thirdBias] = [read("b1"), read("b2"), read("b3")];
    this.#hidden = new Float64Array(this.#bias.length);
    this.#next = new Float64Array(this.#secondBias.length);
  }

  /** The first layer's share of inputs, [index, value in units of 2**-8], that are equal for many evaluations. */
  offset(inputs: readonly (readonly [number, number])[]): Float64Array {
    const out = this.#bias.slice();
    for (const [index, value] of inputs) this.#add(out, index, value);
    return out;
  }

  /**
   * Writes the logits into `out`. offset: of `offset`. count: how many inputs that are not 0 stand in `columns`, which
   * they are, and `values`; all others are 0 or in `offset`.
   */
  logits(offset: Float64Array, count: number, columns: Int32Array, values: Int32Array, out: Int32Array): void {
    const hidden = this.#hidden;
    hidden.set(offset);
    for (let index = 0; index < count; index++) this.#add(hidden, columns[index], values[index]);
    const next = this.#next;
    product(hidden, this.#second, this.#secondBias, next);
    const bias = this.#thirdBias;
    const width = bias.length;
    for (let output = 0; output < width; output++) {
      let sum = bias[output];
      for (let index = 0; index < next.length; index++) {
        if (next[index] > 0) sum += Math.floor(next[index]) * this.#third[index * width + output];
      }
      out[output] = Math.min(Math.max(Math.floor(sum), -LOGIT_LIMIT), LOGIT_LIMIT);
    }
  }

  #add(into: Float64Array, input: number, value: number): void {
    const width = into.length;
    for (let index = 0, weight = input * width; index < width; index++, weight++) {
      into[index] += this.#first[weight] * value;
    }
  }
}

/** out = bias + floor(max(signal, 0)) @ weights, row by row. */
function product(signal: Float64Array, weights: Float64Array, bias: Float64Array, out: Float64Array): void {
  const width = bias.length;
  out.set(bias);
  for (let row = 0; row < signal.length; row++) {
    if (signal[row] < 1) continue;
    const active = Math.floor(signal[row]);
    for (let index = 0, weight = row * width; index < width; index++, weight++) out[index] += active * weights[weight];
  }
}
