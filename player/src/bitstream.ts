/**
 * The .tsk file: a header of 2 or 5 bytes, then one checked segment a layer. docs/format.md is its text.
 *
 * A segment delimits itself and its check covers everything before it, so a file cut after any segment is a valid
 * file of the lower mode.
 */

import { type Tables, VERSION } from "./codestream/tables";
import { BitstreamError } from "./errors";
import { LAYERS, type Layers, MODES, type Mode, type Size, type Structure } from "./layers";

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
  return { size, seed, candidate, semantic: { caption: "", descriptors: null }, structure: null, texture: null };
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
  if (!size) throw new BitstreamError("the .tsk file is damaged: its size is not a valid one");
  const options = flags & OPTIONS ? readOptions(reader) : ({ kind: KINDS[0], candidate: 0, seed: 0 } as const);
  return { size, mode, ...options, hasDescriptors: (flags & DESCRIPTORS) !== 0, sizeBytes: reader.position };
}

function commonSize(index: number, tables: Tables): Size | null {
  const sizes = tables.get("common_sizes");
  return 2 * index < sizes.length ? [sizes[2 * index], sizes[2 * index + 1]] : null;
}

function explicitSize(reader: Reader, tables: Tables): Size | null {
  const [first, second, third, fourth] = reader.take(4);
  if (first >> 4) return null;
  const width = ((first << 10) | (second << 2) | (third >> 6)) + 1;
  const height = (((third & 0x3f) << 8) | fourth) + 1;
  const sizes = tables.get("common_sizes");
  for (let index = 0; index < sizes.length; index += 2) {
    if (sizes[index] === width && sizes[index + 1] === height) return null;
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
function withLayer(_layers: Layers, segment: Segment, _header: Header, _tables: Tables): Layers {
  throw new BitstreamError(`the ${TITLES[LAYERS.indexOf(segment.name)]} is not read yet`);
}
