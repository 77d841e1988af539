import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { captionOf, salvage, split, unpack } from "../src/bitstream";
import { Decoder, Encoder, sameBytes } from "../src/entropy/range_coder";
import { BitstreamError } from "../src/errors";
import { modeOf } from "../src/layers";
import * as ntc from "../src/structure/ntc";
import * as pose from "../src/structure/pose";
import * as sketchCoder from "../src/structure/sketch_coder";
import * as colourCoder from "../src/texture/colour_coder";
import { digest } from "./canonical";
import { pictureTables, tables, wordTables } from "./tables";

const read = (path: string) => new Uint8Array(readFileSync(path));
const CORPUS = "../tests/player/corpus";
const digests: Record<string, string> = JSON.parse(readFileSync(`${CORPUS}/index.json`, "utf8"));
const barn = Uint8Array.from([0x20, 0x11, 0x04, 0x50, 0xc8, 0x27, 0x7c, 0xf5]);

test("a file splits into its header and its segments", () => {
  const { header, segments } = split(barn, tables);
  assert.deepEqual(header.size, [1024, 1024]);
  assert.deepEqual([header.mode, header.kind, header.sizeBytes], ["text-only", "strokes", 2]);
  assert.deepEqual(segments.map(({ name, payload }) => [name, payload.length]), [["semantic", 4]]);
  assert.equal(unpack(barn, tables).semantic.caption, "a red barn");
});

test("a flipped bit is an error", () => {
  for (let bit = 0; bit < 8 * barn.length; bit++) {
    const damaged = barn.slice();
    damaged[bit >> 3] ^= 1 << (bit & 7);
    assert.throws(() => unpack(damaged, tables), BitstreamError);
  }
});

test("the files of the corpus decode to the layers they were written with", () => {
  assert.equal(readdirSync(CORPUS).length, Object.keys(digests).length + 1);
  for (const [name, known] of Object.entries(digests)) {
    assert.equal(digest(unpack(read(`${CORPUS}/${name}`), tables)), known, name);
  }
});

test("what was decoded is coded as it was", () => {
  for (const name of Object.keys(digests)) {
    const data = read(`${CORPUS}/${name}`);
    const [, structure, texture] = split(data, tables).segments;
    const layers = unpack(data, tables);
    const lines = layers.structure;
    if (lines?.kind === "strokes") assert.ok(sameBytes(sketchCoder.pack(lines, layers.size, tables), structure.payload));
    if (lines?.kind === "skeletons") assert.ok(sameBytes(pose.pack(lines), structure.payload));
    if (lines?.kind === "soft-edges") assert.ok(sameBytes(ntc.pack(lines, layers.size, tables), structure.payload));
    if (layers.texture) assert.ok(sameBytes(colourCoder.pack(layers.texture, layers, tables), texture.payload));
  }
});

test("of a damaged file the layers before the damage are left", () => {
  const data = read(`${CORPUS}/022.tsk`);
  assert.equal(salvage(data, tables).lost, null);
  const { header, segments } = split(data, tables);
  const saved = salvage(data.subarray(0, data.length - 1), tables);
  assert.equal(modeOf(saved.layers), "text+sketch");
  assert.equal(saved.lost, "the colour map is damaged or cut short and is left out");
  assert.equal(saved.data.length, header.sizeBytes + segments[0].sizeBytes + segments[1].sizeBytes);
  assert.throws(() => salvage(data.subarray(0, header.sizeBytes + 2), tables), BitstreamError);
});

test("a picture does not wait for its words", () => {
  for (const name of Object.keys(digests)) {
    const data = read(`${CORPUS}/${name}`);
    const { layers } = salvage(data, pictureTables, false);
    assert.equal(layers.semantic.caption, null);
    const caption = captionOf(data, wordTables);
    assert.equal(digest({ ...layers, semantic: { ...layers.semantic, caption } }), digests[name], name);
  }
});

test("a range coder gives back what it was told, and carries", () => {
  const symbols = Array.from({ length: 4000 }, (_, index) => {
    const probability = [1, 65535, 32768, 48, 65488][(index * 7) % 5];
    return { probability, bit: (index * 2654435761) % 97 < 3 ? 1 : 0, value: (index * 40503) % 1000 };
  });
  const encoder = new Encoder();
  for (const { probability, bit, value } of symbols) {
    encoder.bit(bit, probability);
    encoder.uniform(value, 1000);
  }
  const decoder = new Decoder(encoder.finish());
  for (const { probability, bit, value } of symbols) {
    assert.equal(decoder.bit(0, probability), bit);
    assert.equal(decoder.uniform(0, 1000), value);
  }
});

test("a code beyond the range decodes to zeros and last values for ever", () => {
  const decoder = new Decoder(new Uint8Array(4000).fill(255));
  for (let index = 0; index < 20_000; index++) {
    assert.equal(decoder.bit(0, 65535), 0);
    assert.equal(decoder.uniform(0, 7), 6);
  }
});
