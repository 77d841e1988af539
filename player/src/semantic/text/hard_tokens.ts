/**
 * Codes captions made of CLIP tokens as numbers of pieces: the texts of CLIP's byte-pair tokens; one that closes a word
 * has a space behind it. A caption is cut into the fewest pieces.
 */

import type { Tables } from "../../codestream/tables";
import type { BitCoder } from "../../entropy/range_coder";

const USUAL_COUNT = 16;
const COUNT_BITS = 12;

/** The texts of CLIP's tokens, ascending by code points. */
export function pieces(tables: Tables): readonly string[] {
  return tables.made(readPieces);
}

/** The table is a shared length + 32 for each text, then its flags, then the rest of it, 0xFF between the parts. */
function readPieces(tables: Tables): string[] {
  const data = new Uint8Array(tables.get("clip_tokens"));
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const count = indexOfPair(data, 0);
  const flags = data.subarray(count + 2);
  let begin = indexOfPair(data, count + 2) + 2;
  const found = new Set<string>();
  let body = new Uint8Array(0);
  for (let index = 0; index < count; index++) {
    let end = data.indexOf(0xff, begin);
    if (end < 0) end = data.length;
    const kept = body.subarray(0, data[index] - 32);
    const joined = new Uint8Array(kept.length + end - begin);
    joined.set(kept);
    joined.set(data.subarray(begin, end), kept.length);
    body = joined;
    begin = end + 1;
    const text = decoder.decode(body);
    if (flags[index] & 1) found.add(text);
    if (flags[index] & 2) found.add(`${text} `);
  }
  return [...found].sort(byCodePoints);
}

function indexOfPair(data: Uint8Array, from: number): number {
  let index = from;
  while (data[index] !== 0xff || data[index + 1] !== 0xff) index++;
  return index;
}

/** Unlike the order of UTF-16, in which what lies beyond U+FFFF comes before U+E000. */
function byCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    if (a[index] !== b[index]) return rank(a, index) - rank(b, index);
  }
  return a.length - b.length;
}

function rank(text: string, index: number): number {
  const unit = text.charCodeAt(index);
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}

function numbered(tables: Tables): { numbers: ReadonlyMap<string, number>; longest: number } {
  const all = pieces(tables);
  const lengths = all.map((piece) => [...piece].length);
  return {
    numbers: new Map(all.map((piece, number) => [piece, number])),
    longest: lengths.reduce((longest, length) => Math.max(longest, length), 0),
  };
}

/** The numbers of the fewest pieces that spell a text, or null when none do or there are too many. */
export function fewestPieces(text: string, tables: Tables): number[] | null {
  const { numbers, longest } = tables.made(numbered);
  const target = `${text} `;
  const begins = [0]; // of code points in the string
  for (const character of target) begins.push(begins[begins.length - 1] + character.length);
  const length = begins.length - 1;
  const slice = (from: number, to: number) => target.slice(begins[from], begins[to]);
  const unreachable = length + 1;
  const fewest = new Array<number>(length + 1).fill(unreachable); // pieces that spell the first characters
  const last = new Array<number>(length + 1).fill(0); // and the length of the last of them
  fewest[0] = 0;
  for (let end = 1; end <= length; end++) {
    for (let size = Math.min(longest, end); size > 0; size--) {
      const count = fewest[end - size] + 1;
      if (count < fewest[end] && numbers.has(slice(end - size, end))) {
        fewest[end] = count;
        last[end] = size;
      }
    }
  }
  // One space behind the last piece is dropped on arrival, so the pieces may spell it or not.
  let end = length;
  if (!text.endsWith(" ") && fewest[length - 1] < fewest[length]) end = length - 1;
  if (fewest[end] >= Math.min(unreachable, 1 << COUNT_BITS)) return null;
  const found: number[] = [];
  for (; end; end -= last[end]) found.push(numbers.get(slice(end - last[end], end)) as number);
  return found.reverse();
}

/** Encodes piece numbers, or decodes them when null. */
export function codePieces(coder: BitCoder, wanted: readonly number[] | null, tables: Tables): number[] {
  const known = pieces(tables).length;
  const usual = coder.bit(wanted?.length === USUAL_COUNT ? 1 : 0, 1 << 15);
  const count = usual ? USUAL_COUNT : codeUniform(coder, wanted?.length ?? 0, 1 << COUNT_BITS);
  return Array.from({ length: count }, (_, index) => codeUniform(coder, wanted?.[index] ?? 0, known));
}

/** The text of piece numbers, without a space behind the last word. */
export function joinPieces(numbers: readonly number[], tables: Tables): string {
  const known = pieces(tables);
  const text = numbers.map((number) => known[number]).join("");
  return text.endsWith(" ") ? text.slice(0, -1) : text;
}

/** Codes a value in [0, count) by halves, in bits; all values cost the same. A decoder ignores `value`. */
export function codeUniform(coder: BitCoder, value: number, count: number): number {
  let low = 0;
  let high = count;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const share = Math.floor(((high - middle) * 65536) / (high - low));
    if (coder.bit(value >= middle ? 1 : 0, Math.min(Math.max(share, 1), 65535))) low = middle;
    else high = middle;
  }
  return low;
}
