/** Skeletons drawn as limbs and joints. */

import { blank, ellipse, fillCircle, fillConvex, ONE, type Point, withoutRepeats } from "../image/line_raster";
import { nearest } from "../image/planes";
import type { Skeletons } from "../layers";
import { asShares } from "./line_drawing";

/** Keypoints lie on a grid of so many columns and rows. */
const GRID = 512;
/** The two joints of each limb. */
const LIMBS = [
  [1, 2], [1, 5], [2, 3], [3, 4], [5, 6], [6, 7], [1, 8], [8, 9], [9, 10], [1, 11], [11, 12], [12, 13], [1, 0],
  [0, 14], [14, 16], [0, 15], [15, 17],
] as const;
const [LIMB_GREY, JOINT_GREY] = [153, 255];
const REACH = 4;

/** How far limbs and joints cover each pixel: height x width, 0 to 1. */
export function skeletonMask(skeletons: Skeletons, height: number, width: number): Float32Array {
  const canvas = blank(width, height);
  for (const person of skeletons.people) {
    const points = person.map(
      (point): Point | null => point && [((point[0] + 0.5) / GRID) * width, ((point[1] + 0.5) / GRID) * height],
    );
    for (const [start, end] of LIMBS) {
      const [first, second] = [points[start], points[end]];
      if (!first || !second) continue;
      const [across, down] = [first[0] - second[0], first[1] - second[1]];
      const centre: Point = [Math.trunc((first[0] + second[0]) / 2), Math.trunc((first[1] + second[1]) / 2)];
      const axes: Point = [Math.trunc(Math.hypot(across, down) / 2), REACH];
      const angle = Math.trunc(Math.atan2(down, across) * (180 / Math.PI));
      const outline = ellipse(centre, axes, angle, 1).map(([x, y]): Point => [nearest(x) * ONE, nearest(y) * ONE]);
      fillConvex(canvas, withoutRepeats(outline), LIMB_GREY, false);
    }
    for (const point of points) {
      if (point) fillCircle(canvas, [Math.trunc(point[0]), Math.trunc(point[1])], REACH, JOINT_GREY);
    }
  }
  return asShares(canvas.pixels);
}
