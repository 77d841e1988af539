/** Draws lines: `node lines.js IN OUT`; a line of IN is width, height, thickness and points in 1/16 of a pixel. */

import { readFileSync, writeFileSync } from "node:fs";
import { blank, ONE, type Point, softPolyline } from "../src/image/line_raster";

const drawn = readFileSync(process.argv[2], "utf8")
  .split("\n")
  .map((line) => {
    const [width, height, thickness, ...numbers] = line.split(" ").map(Number);
    const canvas = blank(width, height);
    const points: Point[] = [];
    for (let at = 0; at < numbers.length; at += 2) points.push([(numbers[at] * ONE) / 16, (numbers[at + 1] * ONE) / 16]);
    softPolyline(canvas, points, thickness, 255);
    return canvas.pixels;
  });
writeFileSync(process.argv[3], Buffer.concat(drawn));
