/**
 * A small recurrent network that predicts the next word from all words before it, in integers.
 *
 * One gated layer: z = sigmoid(W_z [x, h] + b_z), n = tanh(W_n [x, h] + b_n), h += z (n - h), with x the last word's
 * embedding; a linear projection of h is matched against the embeddings of all words. Units: embeddings and weights
 * 1/64, state 1/32768, its 8-bit copy 1/128, projection 1/16, sums 1/8192, logits 1/1024 nat. Sums fit 32 bits.
 */

import type { Tables } from "../../codestream/tables";
import { bitLength } from "./lookup";
import type { Counts } from "./ranges";

const MASS_BITS = 12; // masses are shifted to about this many bits before their level counts as confidence

/** Words in the order of their vocabulary ids, running sums of their masses, and the shift. */
export interface Prediction extends Counts {
  readonly shift: number;
}

/**
 * The network's arrays, a row for each output. The last two rows of the embedding stand for an unknown token and the
 * start of the text.
 */
class Weights {
  readonly ids: Int32Array;
  readonly embedding: Int8Array;
  readonly wordBias: Int32Array;
  readonly gates: Int8Array;
  readonly gateBias: Int32Array;
  readonly projection: Int8Array;
  readonly projectionBias: Int32Array;
  readonly sigmoid: Int32Array;
  readonly tanh: Int32Array;
  readonly exp: Int32Array;
  readonly width: number;
  readonly stateSize: number;
  readonly rowOfId: ReadonlyMap<number, number>;

  constructor(tables: Tables) {
    const wide = (name: string) => tables.get(name) as Int32Array;
    const narrow = (name: string) => tables.get(`text_weights.net.${name}`) as Int8Array;
    this.ids = wide("text_weights.net.ids");
    this.wordBias = wide("text_weights.net.word_bias");
    this.gateBias = wide("text_weights.net.gate_bias");
    this.projectionBias = wide("text_weights.net.projection_bias");
    this.sigmoid = wide("text_counts.net.sigmoid");
    this.tanh = wide("text_counts.net.tanh");
    this.exp = wide("text_counts.net.exp");
    this.width = this.projectionBias.length;
    this.stateSize = this.gateBias.length / 2;
    this.embedding = narrow("embedding");
    this.gates = transposed(narrow("gates"), this.gateBias.length);
    this.projection = transposed(narrow("projection"), this.width);
    this.rowOfId = new Map(Array.from(this.ids, (id, row) => [id, row]));
  }
}

function makeWeights(tables: Tables): Weights {
  return new Weights(tables);
}

/** The network's state along one text. */
export class WordNet {
  readonly #weights: Weights;
  readonly #state: Int32Array;
  #inputRow: number;

  constructor(tables: Tables) {
    this.#weights = tables.made(makeWeights);
    this.#state = new Int32Array(this.#weights.stateSize);
    this.#inputRow = this.#weights.ids.length + 1;
  }

  /** Notes the token that came next, -1 for one the vocabulary lacks. */
  advance(tokenId: number): void {
    const { rowOfId, ids } = this.#weights;
    this.#inputRow = rowOfId.get(tokenId) ?? ids.length;
  }

  /** What it says of the next token; call once a token. */
  predict(): Prediction {
    const w = this.#weights;
    const { width, stateSize } = w;
    const inputs = new Int32Array(width + stateSize);
    // The state counts in 1/128, the embedding in 1/64.
    for (let index = 0; index < width; index++) inputs[index] = 2 * w.embedding[this.#inputRow * width + index];
    inputs.set(this.#narrowState(), width);
    this.#update(product(w.gates, inputs, w.gateBias));
    const projected = product(w.projection, this.#narrowState(), w.projectionBias);
    for (let index = 0; index < width; index++) {
      projected[index] = Math.min(Math.max((projected[index] + 256) >> 9, -127), 127);
    }
    const cumulative = masses(product(w.embedding, projected, w.wordBias), w.exp);
    const shift = Math.max(bitLength(cumulative[w.ids.length]) - MASS_BITS, 0);
    return { ids: w.ids, cumulative, shift };
  }

  #update(sums: Int32Array): void {
    const { sigmoid, tanh, stateSize } = this.#weights;
    const at = (sum: number) => Math.min(Math.max((sum >> 5) + 2048, 0), 4095);
    for (let index = 0; index < stateSize; index++) {
      const gap = tanh[at(sums[stateSize + index])] - this.#state[index];
      // The product may reach 2**31, so no shift.
      this.#state[index] += Math.floor((sigmoid[at(sums[index])] * gap) / 32768);
    }
  }

  /** The 8-bit copy of the state. */
  #narrowState(): Int32Array {
    return this.#state.map((value) => Math.min(Math.max((value + 128) >> 8, -127), 127));
  }
}

/** bias + rows @ vector, four rows at once, which is twice as fast; there are a multiple of four. */
function product(rows: Int8Array, vector: Int32Array, bias: Int32Array): Int32Array {
  const out = bias.slice();
  const width = vector.length;
  for (let row = 0, first = 0; row < out.length; row += 4, first += 4 * width) {
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let index = 0; index < width; index++) {
      const value = vector[index];
      const place = first + index;
      a = (a + Math.imul(value, rows[place])) | 0;
      b = (b + Math.imul(value, rows[place + width])) | 0;
      c = (c + Math.imul(value, rows[place + 2 * width])) | 0;
      d = (d + Math.imul(value, rows[place + 3 * width])) | 0;
    }
    out[row] += a;
    out[row + 1] += b;
    out[row + 2] += c;
    out[row + 3] += d;
  }
  return out;
}

/** The columns of a matrix of rows of `width`, one behind the other. */
function transposed(matrix: Int8Array, width: number): Int8Array {
  const height = matrix.length / width;
  return matrix.map((_, index) => matrix[(index % height) * width + Math.floor(index / height)]);
}

/** Running sums of the words' masses, 0 first. */
function masses(logits: Int32Array, exp: Int32Array): Int32Array {
  let largest = logits[0];
  for (const logit of logits) largest = Math.max(largest, logit);
  const running = new Int32Array(logits.length + 1);
  for (let word = 0; word < logits.length; word++) {
    running[word + 1] = running[word] + exp[Math.min((largest - logits[word]) >> 3, exp.length - 1)];
  }
  return running;
}
