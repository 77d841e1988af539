/** Skeletons: the structure layer for people, as 18 body keypoints each, in OpenPose's order. */

import { AdaptiveBits, BitMeter } from "../entropy/models";
import { Decoder, Encoder, PROBABILITY_ONE, type ValueCoder } from "../entropy/range_coder";
import type { Keypoint, Person, Skeletons } from "../layers";

/** Keypoints lie on a grid of 512 columns and 512 rows, whatever the picture's shape. */
export const GRID = 512;
const MOST_PEOPLE = 16;
const JOINTS = 18;
/** [joint nearer to the neck, joint], in OpenPose's drawing order. */
export const LIMBS = [
  [1, 2], [1, 5], [2, 3], [3, 4], [5, 6], [6, 7], [1, 8], [8, 9], [9, 10],
  [1, 11], [11, 12], [12, 13], [1, 0], [0, 14], [14, 16], [0, 15], [15, 17],
] as const;
const ORDER = [1, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17] as const;
const PARENT = new Map<number, number>(LIMBS.map(([parent, joint]) => [joint, parent]));
const OFFSET_BITS = 9;
const PRESENT = (PROBABILITY_ONE * 7) / 8;
const LONGER = (PROBABILITY_ONE * 3) / 4;
const NOBODY: Person = new Array(JOINTS).fill(null);

export function pack(skeletons: Skeletons): Uint8Array {
  const encoder = new Encoder();
  code(encoder, skeletons.people);
  return encoder.finish();
}

/** Any bytes give some skeletons. */
export function unpack(data: Uint8Array): Skeletons {
  return { kind: "skeletons", people: code(new Decoder(data), null) };
}

function code(coder: ValueCoder, people: readonly Person[] | null): Person[] {
  const count = coder.uniform(people?.length ?? 0, MOST_PEOPLE + 1);
  const found: Person[] = [];
  for (let index = 0; index < count; index++) {
    const person = people?.[index] ?? NOBODY;
    // A reader ignores the choice and is told which it was.
    const relative = coder.bit(bits(person, true) < bits(person, false) ? 1 : 0, PROBABILITY_ONE / 2) === 1;
    found.push(codePerson(coder, person, relative));
  }
  return found;
}

function bits(person: Person, relative: boolean): number {
  const meter = new BitMeter();
  codePerson(meter, person, relative);
  return meter.bits;
}

/** Codes one person's keypoints, as offsets from the joint before if `relative`. */
function codePerson(coder: ValueCoder, person: Person, relative: boolean): Person {
  const lengths = new AdaptiveBits(new Int32Array(OFFSET_BITS + 1).fill(LONGER));
  const points: Keypoint[] = new Array(JOINTS).fill(null);
  const bounded = (place: number) => Math.min(Math.max(place, 0), GRID - 1);
  for (const joint of ORDER) {
    const point = person[joint];
    if (!coder.bit(point ? 1 : 0, PRESENT)) continue;
    const [column, row] = point ?? [0, 0];
    const parent = points[PARENT.get(joint) ?? -1];
    if (relative && parent) {
      const across = codeOffset(coder, lengths, column - parent[0]) + parent[0];
      const down = codeOffset(coder, lengths, row - parent[1]) + parent[1];
      points[joint] = [bounded(across), bounded(down)];
    } else {
      const across = coder.uniform(column, GRID);
      points[joint] = [across, coder.uniform(row, GRID)];
    }
  }
  return points;
}

/** Codes a signed offset: adaptively how many bits it has, then the bits below the highest, then the sign. */
function codeOffset(coder: ValueCoder, lengths: AdaptiveBits, value: number): number {
  const size = Math.abs(value);
  let length = 0;
  while (length < OFFSET_BITS && lengths.code(coder, length, size >> length > 0 ? 1 : 0)) length++;
  if (!length) return 0;
  const top = 1 << (length - 1);
  const found = top + coder.uniform(Math.max(size - top, 0), top);
  return coder.uniform(value < 0 ? 1 : 0, 2) ? -found : found;
}
