/** Noise that looks like the fine roughness a grain map tells of. */

import { gaussianBlur } from "../image/blur";
import { resize } from "../image/resize";
import type { Grain } from "../layers";

/** Grey levels of roughness a step of the map stands for. */
const UNIT = Math.fround(1.2);

/** Add noise of the map's strength to a rows x columns plane of luma. */
export function addGrain(luma: Float32Array, rows: number, columns: number, grain: Grain, seed: number): void {
  const strength = resize(Float32Array.from(grain.levels, (level) => level * UNIT), grain.shape, [rows, columns], "linear");
  const white = whiteNoise(rows * columns, seed);
  const fine = gaussianBlur(white, rows, columns, 0.8);
  const coarse = gaussianBlur(white, rows, columns, 3);
  let [sum, squares] = [0, 0];
  for (let at = 0; at < fine.length; at++) {
    const value = fine[at]! - coarse[at]!;
    fine[at] = value;
    sum += value;
    squares += value * value;
  }
  const mean = sum / fine.length;
  const deviation = Math.sqrt(Math.max(0, squares / fine.length - mean * mean)) || 1;
  for (let at = 0; at < luma.length; at++) luma[at] = luma[at]! + (strength[at]! * fine[at]!) / deviation;
}

/** The upper 32 bits of the product of two numbers of 32 bits. */
function highProduct(a: number, b: number): number {
  const [aHigh, aLow, bHigh, bLow] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const other = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 65536) + (other >>> 16)) >>> 0;
}

/** Near-normal noise: sums of the four 16-bit parts of what splitmix64 counts out from the seed on. */
function whiteNoise(count: number, seed: number): Float32Array {
  const out = new Float32Array(count);
  // State and multipliers are 64-bit numbers as an upper and a lower half.
  let [high, low] = product(0, seed, 0xd1b54a32, 0xd192ed03);
  for (let index = 0; index < count; index++) {
    low += 0x7f4a7c15;
    high = (high + 0x9e3779b9 + (low > 0xffffffff ? 1 : 0)) >>> 0;
    low >>>= 0;
    let [a, b] = product(high ^ (high >>> 30), low ^ ((low >>> 30) | (high << 2)), 0xbf58476d, 0x1ce4e5b9);
    [a, b] = product(a ^ (a >>> 27), b ^ ((b >>> 27) | (a << 5)), 0x94d049bb, 0x133111eb);
    b ^= (b >>> 31) | (a << 1);
    a ^= a >>> 31;
    const sum = (a >>> 16) + (a & 0xffff) + (b >>> 16) + (b & 0xffff);
    out[index] = Math.fround(sum / 37837) - 3.464;
  }
  return out;
}

/** A product of two 64-bit numbers, of which the lower 64 bits stay. */
function product(aHigh: number, aLow: number, bHigh: number, bLow: number): [high: number, low: number] {
  const low = Math.imul(aLow, bLow) >>> 0;
  const high = (highProduct(aLow >>> 0, bLow) + Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh)) >>> 0;
  return [high, low];
}
