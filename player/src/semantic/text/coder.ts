/**
 * The text coder: any Unicode string of up to 4,096 bytes of UTF-8 in as few bytes as a model of captions allows.
 *
 * A text is sent in the cheapest of three ways: through the model of captions, as CLIP's pieces or as plain bytes. A
 * payload that is not what an encoder would have written for its text is an error.
 */

import type { Tables } from "../../codestream/tables";
import type { BitCoder } from "../../entropy/range_coder";
import { BitstreamError } from "../../errors";
import { END, ESCAPE, caseBits, folded, isCapital, isSmall } from "./alphabet";
import { codeBytes } from "./bytes";
import { CaseModel, placeOf } from "./case";
import { codePieces, codeUniform, fewestPieces, joinPieces } from "./hard_tokens";
import { lookup } from "./lookup";
import { TextModel } from "./model";

/** Longest caption, in bytes of UTF-8. */
const MAX_TEXT_BYTES = 4096;

// Probabilities of the header's bits.
const EMPTY = Math.floor(65536 / 24);
const UNUSUAL = 65536 / 256;
const BEGINS_LOWER = Math.floor((65536 * 3) / 10);
const SAME_SCRIPT = (65536 * 3) / 4;
const NAT_UNITS_PER_BYTE = 1420; // ln(256) in 1 / 256 nat

const NOT_OURS = "The caption is not coded the way textsketch codes it.";
const TOO_LONG = "The caption is longer than the format allows.";

type Way = "model" | "pieces" | "bytes";

/** A bit coder that keeps what it is told to encode or, given a decoder, what it decodes. */
class Recorder implements BitCoder {
  /** probability x 2 + bit of each decision. */
  readonly decisions: number[] = [];

  constructor(private readonly decoder: BitCoder | null = null) {}

  bit(value: number, probabilityOne: number): number {
    const bit = this.decoder ? this.decoder.bit(value, probabilityOne) : value;
    this.decisions.push(probabilityOne * 2 + bit);
    return bit;
  }

  /** The information in the decisions, in 1 / 256 nat. */
  cost(tables: Tables): number {
    const { information } = lookup(tables);
    let total = 0;
    for (const decision of this.decisions) {
      const probability = decision >> 1;
      total += information[(decision & 1 ? probability : 65536 - probability) >> 4];
    }
    return total;
  }

  equals(other: Recorder): boolean {
    const { decisions } = this;
    return decisions.length === other.decisions.length && decisions.every((d, index) => d === other.decisions[index]);
  }
}

/** Decodes a caption; the caller checks the stream as a whole. */
export function decodeTextFrom(decoder: BitCoder, tables: Tables): string {
  const source = new Recorder(decoder);
  if (source.bit(0, EMPTY)) return "";
  let way: Way = "model";
  let text: string;
  let model = source;
  if (!source.bit(0, UNUSUAL)) {
    text = decodeByModel(source, tables);
  } else {
    if (source.bit(0, 1 << 15)) {
      way = "pieces";
      text = joinPieces(codePieces(source, null, tables), tables);
    } else {
      way = "bytes";
      text = fromUtf8(codeBytes(source, null, MAX_TEXT_BYTES));
    }
    if (!text || utf8(text).length > MAX_TEXT_BYTES) {
      throw new BitstreamError("The caption is empty or longer than the format allows.");
    }
    model = byModel(text, tables);
  }
  const [bestWay, best] = cheapest(text, model, tables);
  if (bestWay !== way || (way !== "model" && !best.equals(source))) throw new BitstreamError(NOT_OURS);
  return text;
}

function byModel(text: string, tables: Tables): Recorder {
  const recorder = new Recorder();
  recorder.bit(0, EMPTY);
  recorder.bit(0, UNUSUAL);
  codeByModel(recorder, text, tables);
  return recorder;
}

/** The way a text is sent and its decisions, given those of sending it through the model. */
function cheapest(text: string, model: Recorder, tables: Tables): [Way, Recorder] {
  let way: Way = "model";
  let recorder = model;
  let cost = model.cost(tables);
  const consider = (other: Way, kind: number, encode: (coder: BitCoder) => void) => {
    const trial = new Recorder();
    trial.bit(0, EMPTY);
    trial.bit(1, UNUSUAL);
    trial.bit(kind, 1 << 15);
    encode(trial);
    const price = trial.cost(tables);
    if (price < cost) [way, recorder, cost] = [other, trial, price];
  };
  // A piece costs 15.6 bits and a word at least one piece; bytes that carry less than 3 bits are rare.
  if (text.split(" ").length * 2 * NAT_UNITS_PER_BYTE < cost) {
    const numbers = fewestPieces(text, tables);
    if (numbers) consider("pieces", 1, (coder) => codePieces(coder, numbers, tables));
  }
  const data = utf8(text);
  if (data.length * 3 * NAT_UNITS_PER_BYTE < cost * 8) {
    consider("bytes", 0, (coder) => codeBytes(coder, data, MAX_TEXT_BYTES));
  }
  return [way, recorder];
}

/** Encodes a text that is not empty through the model of captions. */
function codeByModel(coder: BitCoder, text: string, tables: Tables): void {
  const { symbols } = lookup(tables).text;
  const characters = [...text];
  const beginsLower = !isCapital(characters[0]);
  coder.bit(beginsLower ? 1 : 0, BEGINS_LOWER);
  const model = new TextModel(coder, beginsLower, tables);
  const cases = new CaseModel(coder, beginsLower, tables);
  let begin = 0;
  let previous = "";
  let script = 0;
  for (let index = 0; index <= characters.length; index++) {
    const symbol = index < characters.length ? folded(characters[index]) : END;
    model.code(symbols.indexOf(symbol));
    if (symbol === ESCAPE) {
      script = codeEscaped(coder, characters[index].codePointAt(0) as number, script) >> 7;
    } else if (symbol === " " || symbol === END) {
      const token = characters.slice(begin, index);
      const bits = caseBits(token);
      if (bits.length) cases.code(bits, bits.length, placeOf(begin, previous), model.tokenId);
      begin = index + 1;
      previous = token.join("");
    }
  }
}

function decodeByModel(coder: BitCoder, tables: Tables): string {
  const { symbols } = lookup(tables).text;
  const beginsLower = coder.bit(0, BEGINS_LOWER) === 1;
  const model = new TextModel(coder, beginsLower, tables);
  const cases = new CaseModel(coder, beginsLower, tables);
  const text: string[] = [];
  let begin = 0;
  let previous = "";
  let sizeBytes = 0;
  let script = 0;
  for (;;) {
    let symbol = symbols[model.code(-1)];
    if (symbol === ESCAPE) {
      const codePoint = codeEscaped(coder, 0, script);
      script = codePoint >> 7;
      symbol = String.fromCodePoint(codePoint);
      sizeBytes += utf8(symbol).length;
    } else if (symbol === " " || symbol === END) {
      const token = text.slice(begin);
      const letters = token.flatMap((character, index) => (isSmall(character) ? [begin + index] : []));
      if (letters.length) {
        const bits = cases.code(null, letters.length, placeOf(begin, previous), model.tokenId);
        letters.forEach((place, index) => {
          if (bits[index]) text[place] = text[place].toUpperCase();
        });
      }
      begin = text.length + 1;
      previous = token.join("");
      sizeBytes++;
      if (symbol === END) break;
    } else {
      sizeBytes++;
    }
    if (sizeBytes > MAX_TEXT_BYTES) throw new BitstreamError(TOO_LONG);
    text.push(symbol);
  }
  if (!text.length || sizeBytes - 1 > MAX_TEXT_BYTES || beginsLower === isCapital(text[0])) {
    throw new BitstreamError(NOT_OURS);
  }
  return text.join("");
}

/** Codes a code point the alphabet lacks: 128 neighbours of the last one are cheap, then by its length. */
function codeEscaped(coder: BitCoder, point: number, script: number): number {
  let result: number;
  if (coder.bit(point >> 7 === script ? 1 : 0, script ? SAME_SCRIPT : 65536 - SAME_SCRIPT)) {
    result = (script << 7) | codeUniform(coder, point & 127, 128);
  } else {
    const width = codeUniform(coder, point ? 32 - Math.clz32(point) : 0, 22);
    result = width ? 1 << (width - 1) : 0;
    for (let start = 0; start < width - 1; start += 8) {
      const size = 1 << Math.min(8, width - 1 - start);
      result |= codeUniform(coder, (point >> start) & (size - 1), size) << start;
    }
    if (result >> 7 === script) throw new BitstreamError(NOT_OURS);
  }
  if (result > 0x10ffff || (result >= 0xd800 && result < 0xe000) || (result >= 0x20 && result < 0x7f)) {
    throw new BitstreamError("The caption holds a code point that cannot stand there.");
  }
  return result;
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function fromUtf8(data: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    throw new BitstreamError("The caption is not valid UTF-8.");
  }
}
