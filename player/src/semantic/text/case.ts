/** Codes how each word is capitalised, once its letters are known. */

import type { Tables } from "../../codestream/tables";
import type { BitCoder } from "../../entropy/range_coder";
import { BitstreamError } from "../../errors";
import { CAPITALISED, LOWER, MIXED, UPPER, casePattern } from "./alphabet";
import { lookup } from "./lookup";

// Where a token stands: first in the text, behind a token that closes a sentence, anywhere else.
const FIRST = 0;
const AFTER_STOP = 1;
const INSIDE = 2;
const PLACES = 3;
/** The patterns of the last two tokens with letters: previous + 4 x the one before. */
const HISTORIES = 16;
const PATTERNS = 4;
/** Asked in this order; mixed is what remains. */
const TREE = [LOWER, CAPITALISED, UPPER] as const;

/** The place of the token that begins at this index; previousToken: without its space. */
export function placeOf(begin: number, previousToken: string): number {
  if (begin === 0) return FIRST;
  return /[.!?][ "')]*$/.test(previousToken) ? AFTER_STOP : INSIDE;
}

/** Codes the case patterns of one text's tokens in order. */
export class CaseModel {
  #history = 0;

  constructor(
    private readonly coder: BitCoder,
    private readonly beginsLower: boolean,
    private readonly tables: Tables,
  ) {}

  /** Encodes a token's `caseBits`, or decodes them when null; it has `letters` > 0 ASCII letters. */
  code(bits: readonly number[] | null, letters: number, place: number, tokenId: number): number[] {
    const pattern = this.#codePattern(bits, letters, place, tokenId);
    const found = Array.from({ length: letters }, (_, index) => {
      if (pattern === MIXED) return this.coder.bit(bits?.[index] ?? 0, 1 << 15);
      return pattern === UPPER || (pattern === CAPITALISED && index === 0) ? 1 : 0;
    });
    if (casePattern(found) !== pattern) {
      throw new BitstreamError("The caption's capital letters are not coded the way textsketch codes them.");
    }
    this.#history = pattern + 4 * (this.#history % 4);
    return found;
  }

  #codePattern(bits: readonly number[] | null, letters: number, place: number, tokenId: number): number {
    const look = lookup(this.tables);
    const row = (name: string, index: number) =>
      Array.from(this.tables.get(`text_counts.case.${name}`).subarray(index * PATTERNS, (index + 1) * PATTERNS));
    const context = ((place * 2 + (this.beginsLower ? 1 : 0)) * HISTORIES + this.#history) * 2 + (letters === 1 ? 1 : 0);
    const byContext = row("context_counts", context);
    const byToken = tokenId >= 0 && place === INSIDE ? row("token_counts", tokenId) : [0, 0, 0, 0];
    const weights = this.tables.get("text_counts.case.weights");
    const weight = 2 * (this.#history * PLACES + place);
    const wanted = bits ? casePattern(bits) : -1;
    for (const [step, candidate] of TREE.entries()) {
      const ratio = (counts: number[]) =>
        look.logRatio(counts[step], counts.slice(step + 1).reduce((sum, count) => sum + count, 0));
      const total = ratio(byContext) * weights[weight] + ratio(byToken) * weights[weight + 1];
      if (this.coder.bit(wanted === candidate ? 1 : 0, look.squash(total))) return candidate;
    }
    return MIXED;
  }
}
