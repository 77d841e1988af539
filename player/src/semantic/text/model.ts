/**
 * Predicts a caption symbol by symbol: integer logistic mixing of word and character contexts.
 *
 * Every symbol is a walk down a fixed binary tree whose leaves are in the order of the tables, and the vocabulary is
 * sorted in the same order. So a walk narrows, at every step, a range of symbols and a range of vocabulary ids, and each
 * context answers with two numbers: how often it saw the left part and the right part. Their log ratio is weighted by
 * how much the context saw and where in the word we are; the sum is squashed to a 16-bit probability.
 */

import type { Tables } from "../../codestream/tables";
import type { BitCoder } from "../../entropy/range_coder";
import { START_CLASS, lengthLevel, styleContext } from "./alphabet";
import { type Lookup, WEIGHTS, lookup } from "./lookup";
import { CharacterRanges, Range, narrowed } from "./ranges";
import { WordNet } from "./word_net";

/** Codes the folded symbols of one text, first to last; the end sign closes it. */
export class TextModel {
  readonly #look: Lookup;
  readonly #net: WordNet;
  readonly #startId: number;
  #length = 0;
  #periodSeen = false;
  #previousClass = START_CLASS;
  #characterContexts: readonly number[];
  #lastId: number;
  #lastButOneId = -1;
  #nestedContexts: readonly [number, number] = [-1, -1];
  #tokenId = -1;
  #prefixLength = 0;
  #vocabularyLow = 0;
  #vocabularyHigh = 0;
  #wordRanges: Range[] = [];

  /** beginsLower: whether the text begins with anything but A-Z. */
  constructor(
    private readonly coder: BitCoder,
    private readonly beginsLower: boolean,
    tables: Tables,
  ) {
    this.#look = lookup(tables);
    this.#net = new WordNet(tables);
    this.#characterContexts = [this.#look.end, -1, -1, -1, -1];
    // Contexts that are no vocabulary id: the start of the text, and behind it a token the vocabulary lacks.
    this.#startId = this.#look.text.vocabulary.size;
    this.#lastId = this.#startId;
    this.#beginToken();
  }

  /** Vocabulary id of the token coded last, or -1 when the vocabulary lacks it. */
  get tokenId(): number {
    return this.#tokenId;
  }

  /** Encodes the number of a symbol, or decodes one when it is -1; returns it. */
  code(wanted: number): number {
    const look = this.#look;
    const level = lengthLevel(this.#length);
    const symbol = this.#walk(wanted, styleContext(this.beginsLower, this.#periodSeen, level, this.#previousClass));
    this.#length++;
    this.#previousClass = look.classes[symbol];
    if (symbol === look.fullStop) this.#periodSeen = true;
    if (symbol === look.space || symbol === look.end) {
      this.#endToken();
      this.#beginToken();
    }
    return symbol;
  }

  #beginToken(): void {
    const look = this.#look;
    const { words, vocabulary } = look.text;
    this.#prefixLength = 0;
    this.#vocabularyLow = 0;
    this.#vocabularyHigh = vocabulary.size;
    const prediction = this.#net.predict();
    this.#wordRanges = [new Range(look, prediction, 0, prediction.ids.length, 5, 0, prediction.shift)];
    const contexts = [
      [words.S2, 4, 0, this.#lastButOneId],
      [words.W1, 1, 2, this.#lastId],
      [words.W2, 2, 3, this.#nestedContexts[0]],
      [words.W3, 3, 4, this.#nestedContexts[1]],
    ] as const;
    for (const [model, number, rank, context] of contexts) {
      if (context < 0) continue;
      const [low, high] = [model.start[context], model.start[context + 1]];
      if (low < high) this.#wordRanges.push(new Range(look, model, low, high, number, rank));
    }
  }

  #endToken(): void {
    const known = this.#vocabularyLow < this.#vocabularyHigh;
    this.#tokenId = known ? this.#vocabularyLow : -1;
    const entry = (rank: number) => this.#wordRanges.find((range) => range.rank === rank)?.low ?? -1;
    this.#nestedContexts = [entry(2), entry(3)];
    this.#lastButOneId = this.#lastId;
    this.#lastId = known ? this.#tokenId : this.#startId + 1;
    this.#net.advance(this.#tokenId);
  }

  #walk(wanted: number, style: number): number {
    const look = this.#look;
    const characters = new CharacterRanges(look, this.#characterContexts, style);
    const positionRow = Math.min(this.#prefixLength, 5) * 5;
    const styleWeights = (style >> 3) * WEIGHTS;
    const { weightPosition, weightStyle, weightOrder } = look;
    let [low, high] = [0, look.symbolCount];
    for (let depth = 0; high - low > 1; depth++) {
      const cut = look.text.cut[low * 128 + high];
      let rank = this.#wordRanges.at(-1)?.rank ?? 0;
      let border = this.#vocabularyLow;
      const speaking: Range[] = [];
      if (this.#vocabularyLow < this.#vocabularyHigh) {
        border = this.#firstTokenFrom(cut);
        // Word frequencies alone speak only where no word before says anything.
        if (rank <= 1) {
          speaking.push(new Range(look, look.text.words.W0, this.#vocabularyLow, this.#vocabularyHigh, 0, 1));
        }
        rank = Math.max(rank, 1);
      }
      speaking.push(...this.#wordRanges);
      const orders = characters.speaking(low, high);
      const positionWeights = (positionRow + rank) * WEIGHTS;
      const orderWeights = ((orders.at(-1)?.rank ?? 0) * 8 + Math.min(depth, 7)) * WEIGHTS;
      let total = 0;
      const hear = (range: Range, at: number) => {
        range.ask(at);
        const { index } = range;
        total +=
          range.stretch *
          (weightPosition[positionWeights + index] + weightStyle[styleWeights + index] + weightOrder[orderWeights + index]);
      };
      for (const range of speaking) hear(range, border);
      for (const range of orders) hear(range, cut);
      const bit = this.coder.bit(wanted >= cut ? 1 : 0, look.squash(total));
      if (bit) {
        low = cut;
        this.#vocabularyLow = border;
      } else {
        high = cut;
        this.#vocabularyHigh = border;
      }
      this.#wordRanges = narrowed(this.#wordRanges, bit);
      characters.narrow(bit);
    }
    this.#prefixLength++;
    this.#characterContexts = characters.nextContexts(low);
    return low;
  }

  /** Of the tokens that agree with the symbols so far, the first whose next symbol is `cut` or a later one. */
  #firstTokenFrom(cut: number): number {
    const { bytes, begin } = this.#look.text.vocabulary;
    let [low, high] = [this.#vocabularyLow, this.#vocabularyHigh];
    while (low < high) {
      const middle = (low + high) >> 1;
      const place = begin[middle] + this.#prefixLength;
      if (place >= begin[middle + 1] || bytes[place] < cut) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
