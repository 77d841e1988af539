import assert from "node:assert/strict";
import { test } from "node:test";
import { LinkError } from "../src/errors";
import { bytesOf } from "../src/share/digits";
import { isLink, linkOf, tskIn } from "../src/share/link";

const file = Uint8Array.from({ length: 200 }, (_, index) => (index * 89 + 32) & 0xff);
const bare = linkOf(file, "")?.slice(1) ?? "";

test("a file comes back from its link, by whatever address and with whatever behind it", () => {
  for (const text of [
    linkOf(file, "https://example.org/player/"), `https://example.org/?mode=x&tsk=${bare}&x=1#top`, `#${bare}`, bare, ` ${bare}== \n`,
    `https://example.org/?tsk=${bare}%3D`,
  ]) {
    assert.deepEqual(tskIn(text ?? ""), file);
  }
});

test("digits are blocks of whole numbers", () => {
  assert.deepEqual(bytesOf("255"), Uint8Array.of(255));
  assert.deepEqual(bytesOf("00258"), Uint8Array.of(1, 2));
  assert.deepEqual(bytesOf("0".repeat(171) + "007"), Uint8Array.from([...new Array<number>(71).fill(0), 7]));
  for (const wrong of ["256", "9", "0000", "9".repeat(171), "12a", "²²²"]) assert.equal(bytesOf(wrong), null, wrong);
});

test("a link without a picture is a sentence", () => {
  for (const text of ["", "https://example.org/", "#", "?tsk=", "#AA!A", "#A", "9", "x".repeat(20_000)]) {
    assert.throws(() => tskIn(text), LinkError, text.slice(0, 20));
  }
});

test("a file too large for a link gets none", () => {
  assert.equal(linkOf(new Uint8Array(3001), "https://example.org/"), null);
});

test("what looks like a link is told from a file's bytes", () => {
  for (const text of ["https://example.org/#AAAA", " http://x", "#AAAA", "a?tsk=AAAA"]) assert.ok(isLink(text));
  for (const text of ["AAAA", "123", " '!", ""]) assert.ok(!isLink(text));
});
