/** What each context of the text model still says as a symbol is walked down the tree: ranges of entries. */

import { type Lookup, bisect } from "./lookup";
import type { Model } from "./tables";

/** Weights a context has, by how much it saw and whether one side is empty. */
const CONFIDENCES = 24;
/** Of the character contexts that know something, this many of the longest are asked. */
const ORDERS_HEARD = 3;

/** Entries of a model: ids and running sums of counts. */
export type Counts = Pick<Model, "ids" | "cumulative">;

/** The part of a model's context that agrees with what is coded so far: entries low to high. */
export class Range {
  middle: number;
  mass: number;
  /** The id, once there is only one left, or -1. */
  id = -1;
  index = 0;
  stretch = 0;
  #certainty = 0;
  readonly offset: number;

  constructor(
    readonly look: Lookup,
    readonly counts: Counts,
    public low: number,
    public high: number,
    number: number,
    readonly rank: number,
    readonly shift = 0,
  ) {
    this.middle = low;
    this.mass = counts.cumulative[high] - counts.cumulative[low];
    this.offset = number * CONFIDENCES;
    if (high - low === 1) this.#settle();
  }

  /**
   * What the context says of a border between ids: sets `index`, of its weights, and `stretch`, the log ratio of what it
   * saw at or behind the border to what it saw before.
   */
  ask(border: number): void {
    const { look } = this;
    if (this.id >= 0) {
      const behind = this.id >= border;
      this.middle = behind ? this.low : this.high;
      this.stretch = behind ? this.#certainty : -this.#certainty;
      return;
    }
    const { ids, cumulative } = this.counts;
    this.middle = bisect(ids, border, this.low, this.high);
    const left = cumulative[this.middle] - cumulative[this.low];
    const right = this.mass - left;
    this.index = this.offset + look.level(this.mass >> this.shift) + (left && right ? 0 : 1);
    this.stretch = look.logRatio(right, left);
  }

  /** Keeps the right (1) or left (0) part; returns whether anything is left. */
  narrow(bit: number): boolean {
    const begin = bit ? this.middle : this.low;
    const end = bit ? this.high : this.middle;
    if (begin === end) return false;
    if (this.id < 0) {
      this.low = begin;
      this.high = end;
      this.mass = this.counts.cumulative[end] - this.counts.cumulative[begin];
      if (end - begin === 1) this.#settle();
    }
    return true;
  }

  /** Notes what never changes any more for a range of one entry. */
  #settle(): void {
    this.id = this.counts.ids[this.low];
    this.index = this.offset + 1 + this.look.level(this.mass >> this.shift);
    this.#certainty = this.look.logRatio(this.mass, 0);
  }
}

export function narrowed(ranges: Range[], bit: number): Range[] {
  return ranges.filter((range) => range.narrow(bit));
}

/**
 * The character contexts of one symbol: style, and the longest orders that still know something.
 *
 * Lower orders are opened when a longer one runs dry; most never are.
 */
export class CharacterRanges {
  #next: number; // orders above this one are open, or have run dry
  #ranges: Range[];

  constructor(
    private readonly look: Lookup,
    private readonly contexts: readonly number[],
    style: number,
  ) {
    this.#next = contexts.length;
    const model = look.text.style;
    const [low, high] = [model.start[style], model.start[style + 1]];
    this.#ranges = low < high ? [new Range(look, model, low, high, 11, 0)] : [];
  }

  /** The ranges for symbols low to high: style if it says anything, then orders, shortest first. */
  speaking(low: number, high: number): Range[] {
    const ranges = this.#ranges;
    const firstOrder = ranges.length && !ranges[0].rank ? 1 : 0;
    while (ranges.length - firstOrder < ORDERS_HEARD && this.#next) {
      const order = this.#next--;
      const context = this.contexts[order - 1];
      if (context < 0) continue;
      const model = this.look.text.orders[order - 1];
      let [begin, end] = [model.start[context], model.start[context + 1]];
      if (high - low < this.look.symbolCount) {
        begin = bisect(model.ids, low, begin, end);
        end = bisect(model.ids, high, begin, end);
      }
      if (begin < end) ranges.splice(firstOrder, 0, new Range(this.look, model, begin, end, 5 + order, order));
    }
    return ranges;
  }

  narrow(bit: number): void {
    this.#ranges = narrowed(this.#ranges, bit);
  }

  /**
   * The contexts of orders 1 to 5 behind `symbol`. An entry of one order is the context of the next: the same symbols
   * with one more behind them.
   */
  nextContexts(symbol: number): number[] {
    const result = [symbol, ...new Array<number>(this.contexts.length - 1).fill(-1)];
    for (let order = 1; order < Math.min(this.#next + 1, this.contexts.length); order++) {
      const context = this.contexts[order - 1];
      if (context < 0) continue;
      const model = this.look.text.orders[order - 1];
      const end = model.start[context + 1];
      const entry = bisect(model.ids, symbol, model.start[context], end);
      if (entry < end && model.ids[entry] === symbol) result[order] = entry;
    }
    for (const range of this.#ranges) {
      if (range.rank > 0 && range.rank < result.length) result[range.rank] = range.low;
    }
    return result;
  }
}
