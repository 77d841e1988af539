/** Noise that looks like the fine roughness a grain map tells of. */

import { gaussianBlur } from "../image/blur";
import { resize } from "../image/resize";
import type { Grain, Shape } from "../layers";
import { normalNoise } from "./noise";

/** Grey levels of roughness a step of the map stands for. */
const UNIT = Math.fround(1.2);

/** Add noise of the map's strength to a rows x columns plane of luma. */
export function addGrain(luma: Float32Array, rows: number, columns: number, grain: Grain, seed: number): void {
  addNoise(luma, rows, columns, Float32Array.from(grain.levels, (level) => level * UNIT), grain.shape, seed);
}

/** Add noise whose standard deviation is `levels`, grey levels on a grid of another shape. */
export function addNoise(
  luma: Float32Array, rows: number, columns: number, levels: Float32Array, shape: Shape, seed: number,
): void {
  const strength = resize(levels, shape, [rows, columns], "linear");
  const white = normalNoise(rows * columns, seed);
  const fine = gaussianBlur(white, rows, columns, 0.8);
  const coarse = gaussianBlur(white, rows, columns, 3);
  let [sum, squares] = [0, 0];
  for (let at = 0; at < fine.length; at++) {
    const value = fine[at] - coarse[at];
    fine[at] = value;
    sum += value;
    squares += value * value;
  }
  const mean = sum / fine.length;
  const deviation = Math.sqrt(Math.max(0, squares / fine.length - mean * mean)) || 1;
  for (let at = 0; at < luma.length; at++) luma[at] = luma[at] + (strength[at] * fine[at]) / deviation;
}
