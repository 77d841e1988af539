/** Grain: how rough each region of the picture is, coded cell by cell. */

import { grainShape } from "../codestream/grids";
import { AdaptiveBits } from "../entropy/models";
import type { ValueCoder } from "../entropy/range_coder";
import type { Grain, Size } from "../layers";

const LEVELS = 8;

/** Codes a grain map, or that there is none; with `wanted` null a decoder reads one. */
export function codeGrain(coder: ValueCoder, wanted: Grain | null, size: Size): Grain | null {
  const coarse = grainShape(size, false);
  const isCoarse = wanted?.shape[0] === coarse[0] && wanted.shape[1] === coarse[1];
  const kind = coder.uniform(wanted ? (isCoarse ? 1 : 2) : 0, 3);
  if (!kind) return null;
  const shape = grainShape(size, kind === 2);
  const [rows, columns] = shape;
  const levels = new Uint8Array(rows * columns);
  const more = new AdaptiveBits(new Uint16Array(16 * LEVELS).fill(32768));
  for (let cell = 0; cell < levels.length; cell++) {
    const above = cell >= columns ? levels[cell - columns] : -1;
    const left = cell % columns ? levels[cell - 1] : above < 0 ? 1 : above;
    const context = (left + (above < 0 ? left : above)) * LEVELS;
    const value = wanted ? wanted.levels[cell] : 0;
    let level = 0;
    while (level < LEVELS - 1 && more.code(coder, context + level, value > level ? 1 : 0)) level++;
    levels[cell] = level;
  }
  return { shape, levels };
}
