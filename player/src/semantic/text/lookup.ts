/** The text coder's tables as the inner loop reads them, and the integer logarithms of its mixing. */

import type { Tables } from "../../codestream/tables";
import { END, characterClass } from "./alphabet";
import { type TextTables, textTables } from "./tables";

const LOG_BITS = 12;
const MOST_COUNT = 1 << LOG_BITS;
/** Of a context that saw more than the table counts. */
const LARGEST_LEVEL = 22;
/** Weights in a row of each of the three tables. */
export const WEIGHTS = 288;

/** All of it for one set of tables; `lookup` makes it once. */
export class Lookup {
  readonly text: TextTables;
  readonly logCount: Int16Array;
  readonly logPower: Int16Array;
  readonly weightPosition: Int16Array;
  readonly weightOrder: Int16Array;
  readonly weightStyle: Int16Array;
  readonly symbolCount: number;
  readonly classes: readonly number[];
  readonly end: number;
  readonly space: number;
  readonly fullStop: number;
  /** About how much a decision of probability p / 4096 tells, in 1 / 256 nat, for each p. */
  readonly information: Int32Array;
  readonly #probability: Uint16Array;
  readonly #level: Uint8Array;

  constructor(tables: Tables) {
    this.text = textTables(tables);
    this.logCount = tables.get("text_counts.log_count") as Int16Array;
    this.logPower = tables.get("text_counts.log_power") as Int16Array;
    this.weightPosition = tables.get("text_weights.weight_position") as Int16Array;
    this.weightOrder = tables.get("text_weights.weight_order") as Int16Array;
    this.weightStyle = tables.get("text_weights.weight_style") as Int16Array;
    const { symbols } = this.text;
    this.symbolCount = symbols.length;
    this.classes = Array.from(symbols, characterClass);
    [this.end, this.space, this.fullStop] = [END, " ", "."].map((symbol) => symbols.indexOf(symbol));
    const { logCount } = this;
    this.information = Int32Array.from(
      { length: MOST_COUNT + 1 },
      (_, part) => logCount[MOST_COUNT] - logCount[Math.max(part, 1)],
    );
    this.#probability = tables.get("text_counts.probability") as Uint16Array;
    this.#level = Uint8Array.from({ length: MOST_COUNT }, (_, count) =>
      count ? Math.min(11, bitLength(count - 1)) * 2 : 0,
    );
  }

  /** Which weight a context that saw a `mass` has, 0 to 22, always even. */
  level(seen: number): number {
    return seen < MOST_COUNT ? this.#level[seen] : LARGEST_LEVEL;
  }

  /** The logarithm of the ratio of two counts, in 1 / 256 nat. */
  logRatio(right: number, left: number): number {
    return this.#log(right) - this.#log(left);
  }

  /** The 16-bit probability of a weighted sum of log ratios, in 2**-21 nat; the sum may exceed 32 bits. */
  squash(total: number): number {
    const index = Math.floor((total + 8192) / 16384) + 1408;
    return this.#probability[Math.min(Math.max(index, 0), 2816)];
  }

  #log(count: number): number {
    if (count < MOST_COUNT) return this.logCount[count];
    const power = bitLength(count) - LOG_BITS;
    return this.logCount[count >> power] + this.logPower[power];
  }
}

export function lookup(tables: Tables): Lookup {
  return tables.made(makeLookup);
}

function makeLookup(tables: Tables): Lookup {
  return new Lookup(tables);
}

/** Of a number from 0 to 2**31 - 1. */
export function bitLength(value: number): number {
  return 32 - Math.clz32(value);
}

/** The first place from `low` on, before `high`, whose value is at least `wanted`; `high` if there is none. */
export function bisect(values: ArrayLike<number>, wanted: number, low: number, high: number): number {
  let begin = low;
  let end = high;
  while (begin < end) {
    const middle = (begin + end) >> 1;
    if (values[middle] < wanted) begin = middle + 1;
    else end = middle;
  }
  return begin;
}
