import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { BitstreamError } from "../src/errors";
import { split } from "../src/bitstream";
import { readTables } from "../src/codestream/tables";

const tables = await readTables(new Uint8Array(readFileSync("dist/tables.bin")));
const barn = Uint8Array.from([0x20, 0x11, 0x04, 0x50, 0xc8, 0x27, 0x7c, 0xf5]);

test("a file splits into its header and its segments", () => {
  const { header, segments } = split(barn, tables);
  assert.deepEqual(header.size, [1024, 1024]);
  assert.deepEqual([header.mode, header.kind, header.sizeBytes], ["text-only", "strokes", 2]);
  assert.deepEqual(
    segments.map((segment) => [segment.name, segment.payload.length]),
    [["semantic", 4]],
  );
});

test("a flipped bit is an error", () => {
  for (let bit = 0; bit < 8 * barn.length; bit++) {
    const damaged = barn.slice();
    damaged[bit >> 3] ^= 1 << (bit & 7);
    assert.throws(() => split(damaged, tables), BitstreamError);
  }
});
