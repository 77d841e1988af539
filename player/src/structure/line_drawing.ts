/** Strokes drawn as soft lines. */

import { blurUnder } from "../image/blur";
import { blank, type Canvas, ONE, type Point, softPolyline } from "../image/line_raster";
import { nearest, type Planes } from "../image/planes";
import type { Strokes } from "../layers";
import { polylines } from "./barriers";

/** Up to this many pixels lines are drawn twice as large, then shrunk. */
const MOST_ZOOMED = 2_000_000;
/** Points are placed to a sixteenth of a pixel. */
const PARTS = 16;

/** How far a line of `thickness` pixels covers each pixel: height x width, 0 to 1. */
export function lineMask(strokes: Strokes, height: number, width: number, thickness: number): Float32Array {
  const zoom = height * width <= MOST_ZOOMED ? 2 : 1;
  const canvas = blank(width * zoom, height * zoom);
  const wide = Math.max(1, nearest(thickness * zoom));
  const place = (position: number) => nearest(position * zoom * PARTS - PARTS / 2) * (ONE / PARTS);
  for (const line of polylines(strokes, height, width)) {
    const points: Point[] = [];
    for (let at = 0; at < line.length; at += 2) points.push([place(line[at + 1]), place(line[at])]);
    softPolyline(canvas, points, wide, 255);
  }
  return asShares(zoom === 2 ? halved(canvas) : canvas.pixels);
}

/** Bytes, 0 to 255, as shares of 1. */
export function asShares(bytes: Uint8Array): Float32Array {
  const out = new Float32Array(bytes.length);
  for (let at = 0; at < bytes.length; at++) out[at] = bytes[at] / 255;
  return out;
}

/** A canvas at half its size: each pixel is the rounded mean of four. */
function halved({ width, height, pixels }: Canvas): Uint8Array {
  const [rows, columns] = [height / 2, width / 2];
  const out = new Uint8Array(rows * columns);
  for (let row = 0, to = 0; row < rows; row++) {
    for (let at = 2 * row * width, column = 0; column < columns; column++, at += 2, to++) {
      out[to] = (pixels[at] + pixels[at + 1] + pixels[at + width] + pixels[at + width + 1] + 2) >> 2;
    }
  }
  return out;
}

/** Anti-alias the contours of a painting in place: blur slightly, on strokes only. */
export function softenStrokes({ rows, columns, samples }: Planes, strokes: Strokes): void {
  const mask = lineMask(strokes, rows, columns, 2);
  for (const plane of samples) blurUnder(mask, plane, rows, columns, 0.8);
}
