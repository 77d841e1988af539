/**
 * The probability model of the colour map: a trained integer network plus what this picture teaches.
 *
 * For every coefficient one network gives three logits: not zero, more than one, more than two. A small correction per
 * kind of coefficient is learned while coding. A second network gives the logit of a minus sign from the signs around;
 * it is made odd, so that the negative of a picture costs the same.
 */

import type { Tables } from "../codestream/tables";
import { MagnitudeModel } from "../entropy/models";
import { IntegerNetwork, LOGIT_LIMIT } from "../entropy/network";
import { PROBABILITY_ONE, type ValueCoder } from "../entropy/range_coder";
import { Inputs, type Pass } from "./contexts";

/** Largest magnitude a coefficient can have. */
export const LARGEST = 255;
/** How far one fully unexpected bit moves a correction, in logit units. */
const LEARNING_RATE = 4;
const KINDS = 3;
const DEPTHS = 9;
const DENSITIES = 16;

function colourNetwork(tables: Tables): IntegerNetwork {
  return new IntegerNetwork(tables, "colour_model");
}

function signNetwork(tables: Tables): IntegerNetwork {
  return new IntegerNetwork(tables, "sign_model");
}

/** Codes passes of coefficients and adapts; one object a texture. */
export class ColourModel {
  readonly #network: IntegerNetwork;
  readonly #signNetwork: IntegerNetwork;
  readonly #probability: Uint16Array;
  /** By plane, depth and question, in units of 2**-16 logit units: within 32 bits, as probabilities follow it. */
  readonly #bias = new Int32Array(3 * DEPTHS * KINDS);
  readonly #rest = new MagnitudeModel(6, LARGEST - KINDS, 36000);
  readonly #inputs = new Inputs();

  constructor(
    private readonly coder: ValueCoder,
    tables: Tables,
  ) {
    this.#network = tables.made(colourNetwork);
    this.#signNetwork = tables.made(signNetwork);
    this.#probability = tables.get("logistic.probability") as Uint16Array;
  }

  /** Codes the coefficients of a pass: those it holds when encoding, into it when decoding. Returns how many are not 0. */
  codePass(part: Pass, isDecoding: boolean): number {
    const logitsOf = this.#logits(part);
    const kind = (part.plane * DEPTHS + Math.min(part.depth, DEPTHS - 1)) * KINDS;
    const chosen: number[] = [];
    const sizes: number[] = [];
    for (let index = 0; index < part.count; index++) {
      const wanted = isDecoding ? 0 : Math.abs(part.value(index));
      const logits = logitsOf(index);
      let magnitude = 0;
      while (magnitude < KINDS && this.#ask(logits[magnitude], kind + magnitude, wanted > magnitude ? 1 : 0)) magnitude++;
      if (!magnitude) continue;
      if (magnitude === KINDS) magnitude += this.#rest.code(this.coder, Math.max(wanted - KINDS, 0));
      chosen.push(index);
      sizes.push(magnitude);
    }
    this.#codeSigns(part, chosen, sizes, isDecoding);
    return chosen.length;
  }

  /** What gives the three logits of each coefficient of a pass. */
  #logits(part: Pass): (index: number) => Int32Array {
    const offset = this.#network.offset(part.constants);
    const inputs = this.#inputs;
    const evaluate = (out: Int32Array) => {
      this.#network.logits(offset, inputs.count, inputs.columns, inputs.values, out);
      return out;
    };
    const busy = new Int32Array(KINDS);
    // Nearly all coefficients have nothing but perhaps strokes around them.
    const quiet: Int32Array[] = new Array(DENSITIES);
    return (index) => {
      const place = part.place(index);
      const density = part.density(index);
      const isBusy = part.isBusy(place);
      if (!isBusy && quiet[density]) return quiet[density];
      part.magnitudes(place, density, inputs);
      if (isBusy) return evaluate(busy);
      quiet[density] = evaluate(new Int32Array(KINDS));
      return quiet[density];
    };
  }

  /** Codes one answer, with what is learned so far about its kind. */
  #ask(logit: number, kind: number, value: number): number {
    const probability = this.#odds(logit + (this.#bias[kind] >> 16));
    const bit = this.coder.bit(value, probability);
    this.#bias[kind] += ((bit ? PROBABILITY_ONE : 0) - probability) * LEARNING_RATE;
    return bit;
  }

  #odds(logit: number): number {
    return this.#probability[Math.min(Math.max(logit, -LOGIT_LIMIT), LOGIT_LIMIT) + LOGIT_LIMIT];
  }

  /** The signs of a pass come behind all its magnitudes and know nothing of each other. */
  #codeSigns(part: Pass, chosen: readonly number[], sizes: readonly number[], isDecoding: boolean): void {
    if (!chosen.length) return;
    const offset = this.#signNetwork.offset(part.signConstants);
    const inputs = this.#inputs;
    const out = new Int32Array(1);
    const evaluate = () => {
      this.#signNetwork.logits(offset, inputs.count, inputs.columns, inputs.values, out);
      return out[0];
    };
    chosen.forEach((index, which) => {
      part.signs(part.place(index), inputs);
      const plus = evaluate();
      for (let input = 0; input < inputs.count; input++) inputs.values[input] = -inputs.values[input];
      const minus = this.coder.bit(part.value(index) < 0 ? 1 : 0, this.#odds(plus - evaluate()));
      if (isDecoding) part.write(index, minus ? -sizes[which] : sizes[which]);
    });
    for (const index of chosen) part.learn(index);
  }
}
