/**
 * Lines on a grey canvas, covered as OpenCV covers them, so that a drawing is the same as the package's.
 *
 * Points are in 1/65536 of a pixel. A soft line is a Gaussian profile three pixels wide that is laid on twice; a
 * thick line is a quadrangle with a soft outline and a polygon at each joint.
 */

import { nearest } from "./planes";

export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

export function blank(width: number, height: number): Canvas {
  return { width, height, pixels: new Uint8Array(width * height) };
}

export type Point = readonly [x: number, y: number];

/** A pixel. */
export const ONE = 65536;
const HALF = ONE / 2;

const whole = (value: number) => Math.floor(value / ONE);

/** How strong a soft line is `distance` / 32 of a pixel from its middle, which is at 15.5. */
const PROFILE = Int32Array.from({ length: 64 }, (_, distance) =>
  Math.floor(255 * Math.exp(-((distance - 15.5) ** 2) / (2 * 16.97 ** 2))),
);
/** A slanted line is laid on less strongly, as it has fewer pixels to its length; by 32 times the slope. */
const SLANT = Int32Array.from({ length: 32 }, (_, slope) =>
  Math.floor(256 * Math.sqrt((1 + ((slope + 0.5) / 32) ** 2) / 2)),
);

/** a * b / c towards zero: the product may be larger than a double holds. */
function share(a: number, b: number, c: number): number {
  return Number((BigInt(a) * BigInt(b)) / BigInt(c));
}

/** The part of a line that lies within 0 to right and 0 to bottom, or null. */
function clipped(from: Point, to: Point, right: number, bottom: number): [Point, Point] | null {
  if (right < 0 || bottom < 0) return null;
  let [x1, y1] = from;
  let [x2, y2] = to;
  const sideways = (x: number) => (x < 0 ? 1 : 0) + (x > right ? 2 : 0);
  const outside = (x: number, y: number) => sideways(x) + (y < 0 ? 4 : 0) + (y > bottom ? 8 : 0);
  let [first, second] = [outside(x1, y1), outside(x2, y2)];
  if ((first & second) === 0 && (first | second) !== 0) {
    if (first & 12) {
      const edge = first < 8 ? 0 : bottom;
      x1 += share(edge - y1, x2 - x1, y2 - y1);
      y1 = edge;
      first = sideways(x1);
    }
    if (second & 12) {
      const edge = second < 8 ? 0 : bottom;
      x2 += share(edge - y2, x2 - x1, y2 - y1);
      y2 = edge;
      second = sideways(x2);
    }
    if ((first & second) === 0 && (first | second) !== 0) {
      if (first) {
        const edge = first === 1 ? 0 : right;
        y1 += share(edge - x1, y2 - y1, x2 - x1);
        x1 = edge;
        first = 0;
      }
      if (second) {
        const edge = second === 1 ? 0 : right;
        y2 += share(edge - x2, y2 - y1, x2 - x1);
        x2 = edge;
        second = 0;
      }
    }
  }
  return (first | second) === 0 ? [[x1, y1], [x2, y2]] : null;
}

/** A soft line one pixel wide. */
function softLine(canvas: Canvas, from: Point, to: Point, grey: number): void {
  const { width, height, pixels } = canvas;
  const inside = clipped(from, to, width * ONE - 1, height * ONE - 1);
  if (!inside) return;
  const [[x1, y1], [x2, y2]] = inside;
  // From here on a is the axis the line is longer along, b the other one.
  const level = Math.abs(x2 - x1) > Math.abs(y2 - y1);
  let [a1, b1, a2, b2] = level ? [x1, y1, x2, y2] : [y1, x1, y2, x2];
  if (a2 < a1) [a1, b1, a2, b2] = [a2, b2, a1, b1];
  const length = a2 - a1;
  const step = Math.trunc(((b2 - b1) * ONE) / (length % 2 ? length : length + 1));
  a2 += ONE;
  const count = whole(a2) - whole(a1);
  b1 += whole(step * -(a1 - whole(a1) * ONE)) + HALF;
  const slope = ((step >> 11) & 0x3f) ^ (step < 0 ? 0x3f : 0);
  const strength = slope & 0x20 ? 0x100 : SLANT[slope];
  const start = Math.floor(a1 / 512) & 0x78;
  const end = Math.floor(a2 / 512) & 0x78;
  const scaled = (part: number) => ((part * strength) >> 8) & 0x1ff;
  const full = strength << 7;
  const begun = ((0x78 - start) | 4) * strength;
  const ended = (end | 4) * strength;
  const short = scaled(((end - start) & 0x78) | 4);
  // How strong a pixel is, by the pixels before it and behind it, two at most.
  const ends = [
    0, short, (begun >> 8) & 0x1ff,
    short, scaled((end - start + 0x80) | 4), ((begun + full) >> 8) & 0x1ff,
    (ended >> 8) & 0x1ff, ((ended + full) >> 8) & 0x1ff, strength,
  ];
  const [along, aside, reach, breadth] = level ? [1, width, width, height] : [width, 1, height, width];
  const lay = (a: number, b: number, part: number) => {
    if (b < 0 || b >= breadth) return;
    const at = a * along + b * aside;
    let found = pixels[at];
    found += ((grey - found) * part + 127) >> 8;
    found += ((grey - found) * part + 127) >> 8;
    pixels[at] = found;
  };
  const first = whole(a1);
  for (let done = 0; done <= count && first + done < reach; done++, b1 += step) {
    const part = ends[Math.min(done, 2) * 3 + Math.min(count - done, 2)];
    const distance = Math.floor(b1 / 2048) & 31;
    const [a, b] = [first + done, whole(b1)];
    lay(a, b - 1, ((part * PROFILE[distance + 32]) >> 8) & 0xff);
    lay(a, b, ((part * PROFILE[distance]) >> 8) & 0xff);
    lay(a, b + 1, ((part * PROFILE[63 - distance]) >> 8) & 0xff);
  }
}

/** A line of whole pixels between the pixels that hold two points. */
function crispLine(canvas: Canvas, from: Point, to: Point, grey: number): void {
  const { width, height, pixels } = canvas;
  const inside = clipped(
    [whole(from[0]), whole(from[1])], [whole(to[0]), whole(to[1])], width - 1, height - 1,
  );
  if (!inside) return;
  const [[x1, y1], [x2, y2]] = inside[1][0] < inside[0][0] ? [inside[1], inside[0]] : inside;
  const across = x2 - x1;
  const down = Math.abs(y2 - y1);
  const row = y2 < y1 ? -width : width;
  const [long, short, ahead, aside] = down > across ? [down, across, row, 1] : [across, down, 1, row];
  let error = long - 2 * short;
  let at = y1 * width + x1;
  for (let left = long; left >= 0; left--) {
    pixels[at] = grey;
    at += ahead;
    if (error < 0) {
      at += aside;
      error += 2 * long;
    }
    error -= 2 * short;
  }
}

function fillRow(canvas: Canvas, row: number, first: number, last: number, grey: number): void {
  const start = Math.max(first, 0);
  const end = Math.min(last, canvas.width - 1);
  if (row < 0 || row >= canvas.height || start > end) return;
  canvas.pixels.fill(grey, row * canvas.width + start, row * canvas.width + end + 1);
}

/** A filled convex polygon, with a soft outline or one of whole pixels. */
export function fillConvex(canvas: Canvas, points: readonly Point[], grey: number, soft: boolean): void {
  const outline = soft ? softLine : crispLine;
  points.forEach((point, index) => outline(canvas, points[(index || points.length) - 1], point, grey));
  if (points.length < 3) return;
  const pixel = (value: number) => whole(value + HALF);
  let top = 0;
  let lowest = points[0][1];
  points.forEach(([, y], index) => {
    if (y < points[top][1]) top = index;
    lowest = Math.max(lowest, y);
  });
  const first = pixel(points[top][1]);
  const last = Math.min(pixel(lowest), canvas.height - 1);
  const [inLeft, inRight] = soft ? [ONE - 1, 0] : [HALF, HALF];
  // Two edges run down from the top corner, one forwards through the corners and one backwards.
  const sides = [1, points.length - 1].map((turn) => ({ turn, corner: top, until: first, x: -ONE, slope: 0 }));
  let left = points.length;
  for (let row = first; row <= last; row++) {
    if (!soft || row < last || row === first) {
      for (const side of sides) {
        if (row < side.until) continue;
        let from = side.corner;
        let corner = (from + side.turn) % points.length;
        while (left-- > 0) {
          const until = pixel(points[corner][1]);
          if (until > row) {
            const [start, end, height] = [points[from][0], points[corner][0], until - row];
            side.until = until;
            side.slope = Math.trunc(((end - start) * 2 + height) / (2 * height));
            side.x = start;
            side.corner = corner;
            break;
          }
          from = corner;
          corner = (corner + side.turn) % points.length;
        }
      }
    }
    if (left < 0) break;
    const [one, other] = [sides[0].x, sides[1].x];
    fillRow(canvas, row, whole(Math.min(one, other) + inLeft), whole(Math.max(one, other) + inRight), grey);
    for (const side of sides) side.x += side.slope;
  }
}

/** Sine of whole degrees to seven digits. */
const SINES = Float32Array.from({ length: 451 }, (_, degrees) => Number(Math.sin((degrees * Math.PI) / 180).toFixed(7)));

/** Points on an ellipse around `centre`, every `delta` degrees of the whole turn; angle: of its first axis, in degrees. */
export function ellipse(centre: Point, axes: Point, angle: number, delta: number): Point[] {
  const turned = ((angle % 360) + 360) % 360;
  const [cosine, sine] = [SINES[450 - turned], SINES[turned]];
  const points: Point[] = [];
  for (let degrees = 0; degrees < 360 + delta; degrees += delta) {
    const at = Math.min(degrees, 360);
    const [x, y] = [axes[0] * SINES[450 - at], axes[1] * SINES[at]];
    points.push([centre[0] + x * cosine - y * sine, centre[1] + x * sine + y * cosine]);
  }
  return points;
}

/** Points without those that repeat the one before. */
export function withoutRepeats(points: readonly Point[]): Point[] {
  return points.filter(([x, y], index) => index === 0 || x !== points[index - 1][0] || y !== points[index - 1][1]);
}

function roundEnd(canvas: Canvas, centre: Point, radius: number, grey: number): void {
  const pixels = whole(radius + HALF);
  const delta = pixels < 3 ? 90 : pixels < 10 ? 30 : pixels < 15 ? 18 : 5;
  const exactly = (value: number) => {
    const base = nearest(value / ONE) * ONE;
    return base + nearest(value - base);
  };
  const points = ellipse(centre, [radius, radius], 0, delta).map(([x, y]): Point => [exactly(x), exactly(y)]);
  fillConvex(canvas, withoutRepeats(points), grey, true);
}

/** A soft line `thickness` pixels wide through some points, round at its ends and joints. */
export function softPolyline(canvas: Canvas, points: readonly Point[], thickness: number, grey: number): void {
  for (let index = 1; index < points.length; index++) {
    const [from, to] = [points[index - 1], points[index]];
    if (thickness <= 1) {
      softLine(canvas, from, to, grey);
      continue;
    }
    const radius = thickness * HALF;
    const [dx, dy] = [(from[0] - to[0]) / ONE, (to[1] - from[1]) / ONE];
    const squared = dx * dx + dy * dy;
    if (squared > Number.EPSILON) {
      const scale = (radius + (thickness & 1) * HALF) / Math.sqrt(squared);
      const [x, y] = [nearest(dy * scale), nearest(dx * scale)];
      const corners: Point[] = [
        [from[0] + x, from[1] + y], [from[0] - x, from[1] - y], [to[0] - x, to[1] - y], [to[0] + x, to[1] + y],
      ];
      fillConvex(canvas, corners, grey, true);
    }
    if (index === 1) roundEnd(canvas, from, radius, grey);
    roundEnd(canvas, to, radius, grey);
  }
}

/** A filled circle of whole pixels around a pixel. */
export function fillCircle(canvas: Canvas, [x, y]: Point, radius: number, grey: number): void {
  let [error, wide, high, plus, minus] = [0, radius, 0, 1, 2 * radius - 1];
  while (wide >= high) {
    for (const [down, reach] of [[high, wide], [wide, high]] as const) {
      fillRow(canvas, y - down, x - reach, x + reach, grey);
      fillRow(canvas, y + down, x - reach, x + reach, grey);
    }
    high++;
    error += plus;
    plus += 2;
    if (error > 0) {
      error -= minus;
      wide--;
      minus -= 2;
    }
  }
}
