/** Paints .tsk files plainly: `node paint.js IN.tsk OUT ...`; OUT gets red, green, blue and 255 for every pixel. */

import { readFileSync, writeFileSync } from "node:fs";
import { unpack } from "../src/bitstream";
import { enlarge } from "../src/image/enlarge";
import { toPixels } from "../src/image/planes";
import { paint } from "../src/render/painter/painting";
import { tables } from "./tables";

for (let index = 2; index < process.argv.length; index += 2) {
  const layers = unpack(new Uint8Array(readFileSync(process.argv[index])), tables);
  const planes = paint(layers);
  const pixels = toPixels(planes);
  const whole = planes.columns === layers.size[0] && planes.rows === layers.size[1];
  writeFileSync(process.argv[index + 1], whole ? pixels : enlarge(pixels, [planes.columns, planes.rows], layers.size));
}
