/**
 * The .tsk file: a header of 2 or 5 bytes, then one checked segment a layer. docs/format.md is its text.
 *
 * A segment delimits itself and its check covers everything before it, so a file cut after any segment is a valid
 * file of the lower mode.
 */

import { type Tables, VERSION } from "./codestream/tables";
import { CheckedDecoder, sameBytes } from "./entropy/range_coder";
import { BitstreamError } from "./errors";
import { LAYERS, type Layers, MODES, type Mode, type Semantic, type Size, type Structure } from "./layers";
import * as descriptors from "./semantic/descriptors";
import { decodeTextFrom } from "./semantic/text/coder";
import * as ntc from "./structure/ntc";
import * as pose from "./structure/pose";
import * as sketchCoder from "./structure/sketch_coder";
import * as colourCoder from "./texture/colour_coder";

const KINDS = ["strokes", "skeletons", "soft-edges"] as const satisfies Structure["kind"][];
const MOST_FILE_BYTES = 3 * 8_400 + 16;
const MOST_SEGMENT_BYTES = 0x1fff + 0x80;
const DESCRIPTORS = 0b100;
const OPTIONS = 0b010;
const EXPLICIT_SIZE = 0b001;
const TITLES = ["caption", "sketch", "colour map"] as const;

/** What stands before the segments. mode: the one the file was written in. sizeBytes: length of the header itself. */
export interface Header {
  readonly size: Size;
  readonly mode: Mode;
  readonly kind: Structure["kind"];
  readonly seed: number;
  readonly candidate: number;
  readonly hasDescriptors: boolean;
  readonly sizeBytes: number;
}

/** One layer's bytes. sizeBytes counts its length field and check as well as the payload. */
export interface Segment {
  readonly name: (typeof LAYERS)[number];
  readonly payload: Uint8Array;
  readonly sizeBytes: number;
}

/**
 * What is left of a damaged file. data: a sound file, the part before the damage; the file itself where it is sound.
 * layers: what `data` holds. lost: a sentence that says what is left out, or null.
 */
export interface Salvaged {
  readonly data: Uint8Array;
  readonly layers: Layers;
  readonly lost: string | null;
}

/** Reads the layers of a .tsk file, whole or cut after any segment. Throws BitstreamError for any other bytes. */
export function unpack(data: Uint8Array, tables: Tables): Layers {
  const { header, segments } = split(data, tables);
  let layers = withoutLayers(header);
  for (const segment of segments) layers = withLayer(layers, segment, header, tables);
  return layers;
}

function withoutLayers(header: Header): Layers {
  const { size, seed, candidate } = header;
  return { size, seed, candidate, semantic: { caption: null, descriptors: null }, structure: null, texture: null };
}

/**
 * Reads the layers before the damage of a damaged .tsk file; of a sound one all of them, as `unpack` does. Throws
 * BitstreamError if not even the semantic layer is left. readsCaption: whether the caption is read, which nothing else
 * depends on; if not, `tables` need not have those of words.
 */
export function salvage(data: Uint8Array, tables: Tables, readsCaption = true): Salvaged {
  const { header, segments, damage } = walk(data, tables);
  const semantic = unpackSemantic(segments[0].payload, header, tables, readsCaption);
  const stack: Layers[] = [{ ...withoutLayers(header), semantic }];
  let isDamaged = damage !== null;
  try {
    for (const segment of segments.slice(1)) stack.push(withLayer(stack[stack.length - 1], segment, header, tables));
  } catch (error) {
    if (!(error instanceof BitstreamError)) throw error;
    isDamaged = true;
  }
  if (!isDamaged) return { data, layers: stack[stack.length - 1], lost: null };
  // One damaged length in 256 gives a segment whose check matches by chance; its payload is then not one that anybody
  // wrote.
  const written = packLast(stack[stack.length - 1], tables);
  if (written && !sameBytes(written, segments[stack.length - 1].payload)) stack.pop();
  const kept = stack.length;
  const end = segments.slice(0, kept).reduce((sum, segment) => sum + segment.sizeBytes, header.sizeBytes);
  return { data: data.slice(0, end), layers: stack[kept - 1], lost: whatIsLost(kept, header.mode) };
}

/** The caption of a .tsk file. Throws as `unpack` does. */
export function captionOf(data: Uint8Array, tables: Tables): string {
  const { header, segments } = split(data, tables);
  return unpackSemantic(segments[0].payload, header, tables).caption ?? "";
}

/** The sentence on a file of which only the first `kept` layers are left. */
function whatIsLost(kept: number, mode: Mode): string {
  const layerCount = MODES.indexOf(mode) + 1;
  if (kept === layerCount) return "bytes follow the last layer of the file; they are left out";
  const name = TITLES[kept];
  return kept + 1 === layerCount
    ? `the ${name} is damaged or cut short and is left out`
    : `the ${name} is damaged or cut short; it and all behind it are left out`;
}

/** Splits a .tsk file into its header and checked segments without decoding any layer. Throws as `unpack` does. */
export function split(data: Uint8Array, tables: Tables): { header: Header; segments: Segment[] } {
  const { header, segments, damage } = walk(data, tables);
  if (damage) throw damage;
  return { header, segments };
}

interface Walked {
  readonly header: Header;
  readonly segments: Segment[];
  readonly damage: BitstreamError | null;
}

/** The header, the segments up to the first whose frame is damaged, and that damage. Throws if none is sound. */
function walk(data: Uint8Array, tables: Tables): Walked {
  if (data.length > MOST_FILE_BYTES) {
    throw new BitstreamError(`this is not a .tsk file: none has more than ${MOST_FILE_BYTES} bytes`);
  }
  const reader = new Reader(data);
  const header = readHeader(reader, tables);
  let check = crc8(data.subarray(0, reader.position));
  const segments: Segment[] = [];
  while (!segments.length || reader.position < data.length) {
    try {
      if (segments.length === MODES.indexOf(header.mode) + 1) {
        throw new BitstreamError("the .tsk file is damaged: bytes follow its last segment");
      }
      const start = reader.position;
      const payload = reader.take(readLength(reader));
      check = crc8(data.subarray(start, reader.position), check);
      if (reader.byte() !== check) {
        throw new BitstreamError("the .tsk file is damaged: its check does not match; get the file again");
      }
      segments.push({ name: LAYERS[segments.length], payload, sizeBytes: reader.position - start });
    } catch (damage) {
      if (!segments.length || !(damage instanceof BitstreamError)) throw damage;
      return { header, segments, damage };
    }
  }
  return { header, segments, damage: null };
}

/** Takes bytes off the front; running out is the error of a truncated file. */
class Reader {
  position = 0;

  constructor(private readonly data: Uint8Array) {}

  take(count: number): Uint8Array {
    const end = this.position + count;
    if (end > this.data.length) {
      throw new BitstreamError("the .tsk file is truncated or is no .tsk file; get the file again");
    }
    const taken = this.data.subarray(this.position, end);
    this.position = end;
    return taken;
  }

  byte(): number {
    return this.take(1)[0];
  }
}

function readHeader(reader: Reader, tables: Tables): Header {
  const flags = reader.byte();
  const version = flags >> 5;
  const mode = MODES[(flags >> 3) & 3];
  if (version !== VERSION) {
    throw new BitstreamError(
      version < VERSION
        ? `this is a file of format version ${version}, which the player does not read; decode it with textsketch`
        : `this is no .tsk file of format version ${VERSION}, which the player reads; get the file again`,
    );
  }
  if (!mode) throw new BitstreamError("this is no .tsk file this program knows: its mode is unknown");
  const size = flags & EXPLICIT_SIZE ? explicitSize(reader, tables) : commonSize(reader.byte(), tables);
  const options = flags & OPTIONS ? readOptions(reader) : ({ kind: KINDS[0], candidate: 0, seed: 0 } as const);
  return { size, mode, ...options, hasDescriptors: (flags & DESCRIPTORS) !== 0, sizeBytes: reader.position };
}

function commonSize(index: number, tables: Tables): Size {
  const sizes = tables.get("common_sizes");
  if (2 * index >= sizes.length) throw new BitstreamError("the .tsk file is damaged: its size code is unknown");
  return [sizes[2 * index], sizes[2 * index + 1]];
}

function explicitSize(reader: Reader, tables: Tables): Size {
  const [first, second, third, fourth] = reader.take(4);
  const width = ((first << 10) | (second << 2) | (third >> 6)) + 1;
  const height = (((third & 0x3f) << 8) | fourth) + 1;
  const sizes = tables.get("common_sizes");
  const isCommon = sizes.some((side, index) => index % 2 === 0 && side === width && sizes[index + 1] === height);
  if (first >> 4 || isCommon) {
    throw new BitstreamError("the .tsk file is damaged: its size field is not a valid one");
  }
  return [width, height];
}

function readOptions(reader: Reader): Pick<Header, "kind" | "candidate" | "seed"> {
  const first = reader.byte();
  const kind = KINDS[first >> 6];
  const candidate = (first >> 3) & 7;
  const length = first & 7;
  if (!kind || length > 4 || first === 0) {
    throw new BitstreamError("the .tsk file is damaged: its options are not valid ones");
  }
  const field = reader.take(length);
  if (length && field[0] === 0) throw new BitstreamError("the .tsk file is damaged: its seed is not a valid one");
  return { kind, candidate, seed: field.reduce((seed, byte) => seed * 256 + byte, 0) };
}

function readLength(reader: Reader): number {
  const first = reader.byte();
  const count = first < 0x80 ? first : (((first & 0x7f) << 8) | reader.byte()) + 0x80;
  if (count > MOST_SEGMENT_BYTES) {
    throw new BitstreamError("the .tsk file is damaged: a segment is longer than any can be");
  }
  return count;
}

/** CRC-8: polynomial 0x2F, start 0xFF, not reflected, not inverted. */
function crc8(data: Uint8Array, check = 0xff): number {
  for (const byte of data) {
    check ^= byte;
    for (let bit = 0; bit < 8; bit++) check = check & 0x80 ? ((check << 1) ^ 0x2f) & 0xff : check << 1;
  }
  return check;
}

/** Layers with the one of `segment` above them. */
function withLayer(layers: Layers, { name, payload }: Segment, header: Header, tables: Tables): Layers {
  if (name === "semantic") return { ...layers, semantic: unpackSemantic(payload, header, tables) };
  if (name === "structure") return { ...layers, structure: unpackStructure(payload, header, tables) };
  return { ...layers, texture: colourCoder.unpack(payload, layers, tables) };
}

function unpackSemantic(payload: Uint8Array, header: Header, tables: Tables, readsCaption = true): Semantic {
  const decoder = new CheckedDecoder(payload);
  const colours = header.hasDescriptors ? descriptors.decodeFrom(decoder, tables) : null;
  if (!readsCaption) return { caption: null, descriptors: colours };
  const caption = decodeTextFrom(decoder, tables);
  if (!decoder.isCanonical()) {
    throw new BitstreamError("the .tsk file is damaged: its text is not coded as textsketch codes it");
  }
  return { caption, descriptors: colours };
}

function unpackStructure(payload: Uint8Array, { kind, size }: Header, tables: Tables): Structure {
  if (kind === "strokes") return sketchCoder.unpack(payload, size, tables);
  if (kind === "skeletons") return pose.unpack(payload);
  return ntc.unpack(payload, size, tables);
}

/** The payload an encoder writes for the last of some layers, which is no semantic one. */
function packLast(layers: Layers, tables: Tables): Uint8Array | null {
  const { size, structure, texture } = layers;
  if (texture) return colourCoder.pack(texture, layers, tables);
  if (structure?.kind === "strokes") return sketchCoder.pack(structure, size, tables);
  if (structure?.kind === "skeletons") return pose.pack(structure);
  return structure && ntc.pack(structure, size, tables);
}
