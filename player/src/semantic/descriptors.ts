/** Descriptors: the picture's colours and layout as a few quantised low-order cosine coefficients. */

import type { Tables } from "../codestream/tables";
import { PROBABILITY_ONE, type ValueCoder } from "../entropy/range_coder";
import type { Descriptors } from "../layers";

export const MOST_COEFFICIENTS = 160;
const STEP_COUNT = 8;
/** A magnitude is coded as up to this many answers, "more than 0, 1, 2, 3?", then as Elias-gamma. */
const QUESTIONS = 4;
const COUNT_UNIT = 4;
const MOST_GAMMA_BITS = 6;
const LIVELINESSES = 3;

/** Reads descriptors, which delimit themselves; whatever the bytes, it ends after at most 160 coefficients. */
export function decodeFrom(decoder: ValueCoder, tables: Tables): Descriptors {
  const stepIndex = decoder.uniform(0, STEP_COUNT);
  const count = (decoder.uniform(0, MOST_COEFFICIENTS / COUNT_UNIT) + 1) * COUNT_UNIT;
  const [more, minus, expected] = ["more", "minus", "expected"].map((key) => tables.get(`descriptor_model.${key}`));
  const coefficients: number[] = [];
  let activity = 0;
  for (let rank = 0; rank < count; rank++) {
    const usual = expected[stepIndex * MOST_COEFFICIENTS + rank];
    const row = (stepIndex * LIVELINESSES + liveliness(activity, usual)) * MOST_COEFFICIENTS + rank;
    const magnitude = decodeMagnitude(decoder, more.subarray(row * QUESTIONS, (row + 1) * QUESTIONS));
    coefficients.push(magnitude && decoder.bit(0, minus[rank]) ? -magnitude : magnitude);
    if (rank >= 3) activity += magnitude;
  }
  return { coefficients, stepIndex };
}

function decodeMagnitude(decoder: ValueCoder, more: ArrayLike<number>): number {
  for (let magnitude = 0; magnitude < QUESTIONS; magnitude++) {
    if (!decoder.bit(0, more[magnitude])) return magnitude;
  }
  let length = 0;
  while (length < MOST_GAMMA_BITS && decoder.bit(0, PROBABILITY_ONE / 2)) length++;
  return ((1 << length) | decoder.uniform(0, 1 << length)) + QUESTIONS - 1;
}

/** 0, 1 or 2: whether the magnitudes so far sum to less than, about or more than `expected` / 16. */
function liveliness(activity: number, expected: number): number {
  return (activity * 160 > 7 * expected ? 1 : 0) + (activity * 160 > 14 * expected ? 1 : 0);
}
