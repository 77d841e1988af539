import assert from "node:assert/strict";
import { test } from "node:test";
import { blurUnder, gaussianBlur, medians } from "../src/image/blur";
import { enlarge } from "../src/image/enlarge";
import { blank, fillCircle, ONE, softPolyline } from "../src/image/line_raster";
import { fromRgb, nearest, toPixels, toRgb } from "../src/image/planes";
import { resize } from "../src/image/resize";

const [rows, columns] = [13, 17];
const rough = Float32Array.from({ length: rows * columns }, (_, at) => ((at * 7919) % 256) - 128);

test("halves are rounded to even", () => {
  assert.deepEqual([-1.5, -0.5, 0.5, 1.5, 2.5, 2.4].map(nearest).map((value) => value + 0), [-2, 0, 0, 2, 2, 2]);
});

test("a colour comes back from its planes", () => {
  const planes = { rows, columns, samples: [rough, rough.slice().reverse(), rough.map((value) => value / 3)] as const };
  const back = fromRgb(toRgb(planes, 1), 1);
  planes.samples.forEach((plane, index) => {
    plane.forEach((value, at) => assert.ok(Math.abs(value - back.samples[index][at]) < 1e-3));
  });
  const grey = { rows: 1, columns: 3, samples: [Float32Array.of(-200, 0.5, 200), new Float32Array(3), new Float32Array(3)] as const };
  assert.deepEqual([...toPixels(grey)].filter((_, at) => at % 4 === 0), [0, 128, 255]);
});

test("a blur keeps a flat plane and the mean of a mirrored one", () => {
  for (const value of gaussianBlur(new Float32Array(rows * columns).fill(7), rows, columns, 3)) assert.ok(Math.abs(value - 7) < 1e-4);
  assert.equal(gaussianBlur(Float32Array.of(5), 1, 1, 3).length, 1);
});

test("a blur under a mask is that of the whole plane where the mask is 1, and nothing where it is 0", () => {
  const mask = new Float32Array(rows * columns).map((_, at) => (at % 3 ? 1 : 0));
  const [whole, under] = [gaussianBlur(rough, rows, columns, 0.8), rough.slice()];
  blurUnder(mask, under, rows, columns, 0.8);
  under.forEach((value, at) => assert.ok(Math.abs(value - (mask[at] ? whole[at] : rough[at])) < 1e-3));
});

test("a median is that of the pixels around, the border repeated", () => {
  const found = medians(rough, rows, columns, 5);
  for (const [row, column] of [[0, 0], [1, 16], [6, 8], [12, 3]]) {
    const around: number[] = [];
    for (let y = row - 2; y <= row + 2; y++) {
      for (let x = column - 2; x <= column + 2; x++) {
        around.push(rough[Math.min(Math.max(y, 0), rows - 1) * columns + Math.min(Math.max(x, 0), columns - 1)]);
      }
    }
    assert.equal(found[row * columns + column], around.sort((a, b) => a - b)[12]);
  }
  assert.deepEqual([...medians(Float32Array.of(5, 9), 1, 2, 3)], [5, 9]);
});

test("a flat plane stays flat at every size", () => {
  const flat = new Float32Array(rows * columns).fill(0.25);
  for (const [how, to] of [["linear", [40, 3]], ["cubic", [31, 50]], ["area", [5, 4]]] as const) {
    const made = resize(flat, [rows, columns], to, how);
    assert.equal(made.length, to[0] * to[1]);
    for (const value of made) assert.ok(Math.abs(value - 0.25) < 1e-6, how);
  }
  const white = enlarge(new Uint8ClampedArray(4 * 6).fill(255), [3, 2], [31, 40]);
  assert.equal(white.length, 4 * 31 * 40);
  assert.ok(white.every((value) => value === 255));
});

test("a plane shrunk by areas has the same mean", () => {
  const shrunk = resize(rough, [rows, columns], [4, 5], "area");
  const mean = (plane: Float32Array) => plane.reduce((sum, value) => sum + value, 0) / plane.length;
  assert.ok(Math.abs(mean(shrunk) - mean(rough)) < 1e-3);
});

test("lines stay on their canvas, wherever they run", () => {
  for (const thickness of [1, 2, 4, 9]) {
    const canvas = blank(9, 5);
    softPolyline(canvas, [[-40 * ONE, -3 * ONE], [4 * ONE, 2 * ONE], [70_000 * ONE, 2 * ONE], [0, 9_000 * ONE]], thickness, 255);
    assert.equal(canvas.pixels.length, 45);
    assert.ok(canvas.pixels.some((grey) => grey > 100));
  }
});

test("a circle is round", () => {
  const canvas = blank(11, 11);
  fillCircle(canvas, [5, 5], 4, 9);
  const filled = (x: number, y: number) => canvas.pixels[y * 11 + x] === 9;
  for (let y = 0; y < 11; y++) for (let x = 0; x < 11; x++) assert.equal(filled(x, y), filled(y, x));
  assert.ok(filled(1, 5) && filled(9, 5) && !filled(0, 5) && !filled(1, 1));
});
