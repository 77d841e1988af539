/**
 * The brush: a small network that draws the soft contours of a painting crisply.
 *
 * It was trained on the painter's own paintings; what it is given says `brush_inputs`. Where colours were sent finely
 * it does little. What it draws may differ by a level between machines.
 */

import { baseLevel, levelShapes } from "../../codestream/grids";
import { boxMean, diagonalMean, gaussianBlur } from "../../image/blur";
import { fromRgb, type Planes } from "../../image/planes";
import { resize } from "../../image/resize";
import type { Layers, Shape, Texture } from "../../layers";
import { CELL, inputs } from "./brush_inputs";
import { asPlanes, cut, type Network } from "./small_networks";

/** How many cells around a cell decide how that is painted: one a convolution. */
const REACH = 18;
/** Cells along a side of what is painted at once. A larger picture is painted in pieces. */
const LONGEST_PIECE = 256;
/** Cells the picture is continued by, mirrored, so that its border is painted like the rest. */
const MARGIN = 8;
/** Step indices of a colour map, and how much is taken there of what the network changes, in between linearly. */
const SHARES: [number, number][] = [[12, 0], [30, 0.7], [42, 0.85], [46, 1]];
/** So many step indices on, a step is twice as coarse; so is one of a picture twice as long, in pixels. */
const [STEPS_AN_OCTAVE, LEARNED_SIDE] = [8, 512];
/** How far, in cells, detail that was sent keeps the brush off, and how much a share of such cells counts. */
const [SENT_SPREAD, SENT_GAIN] = [1.5, 4];
/** Levels of a change that are no detail but the network's own unevenness. */
const ROUGHNESS = 1.25;
/**
 * How far around, in cells, grain is seen beside the painting's contrast, and from how many times that on the brush
 * partly and wholly keeps off: where next to nothing was sent but grain, there is nothing to make crisp.
 */
const [BARE_SPREAD, BARE_FIRST, BARE_LAST] = [2.5, 1.2, 2.2];
/** Sides of the squares of whose means threads stand out, and pixels of a row or column that make a thread. */
const [FINE_PIXELS, THREAD_PIXELS] = [9, 21];
/**
 * How far around, in cells, threads are seen beside the painting's slope across them, in levels a pixel, and from how
 * many times that and EVEN on they are taken out partly and wholly: a contour made crisp is on a slope, but a surface
 * of which nothing is known would become cloth.
 */
const [WOVEN_SPREAD, WOVEN_FIRST, WOVEN_LAST, EVEN] = [1.5, 2, 6, 0.1];
/**
 * Where they are so many times as strong as farther around, they are taken out partly and not at all: such a contour
 * stands alone.
 */
const [ALONE_SPREAD, AMONG, ALONE] = [5, 1.2, 1.5];
/** So many pixels of a row or column, or of a diagonal, are as a straight contour is along its way. */
const [ALONG_PIXELS, ALONG_DIAGONAL] = [15, 11];
/** From which coherence of the painting's slopes around on a contour is partly and wholly straight. */
const [STRAIGHT_FIRST, STRAIGHT_LAST] = [0.8, 0.97];
/** How far around, in cells, a pattern is looked for. */
const ALIKE = 1.5;
/** The same of a shift of colour. */
const SHIFT = 8;
/**
 * Levels of fine detail that a painting bears where it has no slope, and so many more for each level a pixel; and levels
 * anywhere, and for each level of a step.
 */
const [EVENLY, A_SLOPE, LEAST, A_STEP] = [5.5, 1, 6, 0.35];
/** Luma, grey being 0, where a painting without a slope would bear nothing, and from which on it bears all of that. */
const [DIM_FIRST, DIM_LAST] = [-148, -28];
/** How far, in pixels, changes of colour are spread: finer ones are the network's own speckles more often than not. */
const COLOUR_SPREAD = 2;
/** Levels: what has no more colour than this is black and white, and stays so. */
const COLOURLESS = 1;

/** The step index of a colour map; of a picture smaller than the network has learned it is finer. */
function coarseness(layers: Layers, texture: Texture): number {
  return texture.stepIndex + STEPS_AN_OCTAVE * Math.min(0, Math.log2(Math.max(...layers.size) / LEARNED_SIDE));
}

/** How much of what the network changes is taken for these layers, see SHARES. */
export function shareOf(layers: Layers): number {
  if (!layers.texture) return 0;
  const index = coarseness(layers, layers.texture);
  return SHARES.slice(1).reduce((sum, [last, high], at) => {
    const [first, low] = SHARES[at]!;
    return sum + (high - low) * clipped((index - first) / (last - first));
  }, 0);
}

/**
 * Paint detail into a painting, in place. skipped: how often the picture was halved. noise: what will be added to the
 * luma afterwards, which the network shapes, or null.
 */
export async function sharpen(
  planes: Planes, layers: Layers, skipped: number, noise: Float32Array | null, network: Network,
  report: (share: number) => void | Promise<void>,
): Promise<void> {
  const most = shareOf(layers);
  if (!most || !layers.texture) return;
  const { rows: height, columns: width } = planes;
  const [rows, columns] = [Math.ceil(height / CELL), Math.ceil(width / CELL)];
  const kept = sent(layers, layers.texture, skipped, [rows, columns]).map((share) => most * (1 - share));
  if (noise) bare(planes.samples[0]!, noise, height, width).forEach((share, cell) => (kept[cell] *= 1 - share));
  const share = resize(kept, [rows, columns], [rows * CELL, columns * CELL], "linear");
  const given = inputs(planes, layers, noise, MARGIN);
  const changing = isColourless(planes.samples.slice(1)) ? planes.samples.slice(0, 1) : planes.samples;
  const changes = changing.map(() => new Float32Array(rows * CELL * columns * CELL));
  const all = pieces(rows).flatMap((down) => pieces(columns).map((across) => [down, across] as const));
  for (const [done, [down, across]] of all.entries()) {
    // A margin of REACH more, cut off again, and a piece looks as it does in the whole picture.
    const [seenDown, seenAcross] = [withReach(down, given.shape[0]), withReach(across, given.shape[1])];
    const shape: Shape = [seenDown[1] - seenDown[0], seenAcross[1] - seenAcross[0]];
    const painted = await network(cut(given, seenDown[0], seenAcross[0], shape));
    const inner = cut(painted, (down[0] + MARGIN - seenDown[0]) * CELL, (across[0] + MARGIN - seenAcross[0]) * CELL, [
      (down[1] - down[0]) * CELL, (across[1] - across[0]) * CELL,
    ]);
    inner.values.forEach((value, at, values) => (values[at] = Math.min(Math.max(value, 0), 1)));
    const fresh = fromRgb(asPlanes(inner), 1);
    const [top, left] = [down[0] * CELL, across[0] * CELL];
    const [bottom, right] = [Math.min(down[1] * CELL, height), Math.min(across[1] * CELL, width)];
    changing.forEach((plane, index) => {
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++) {
          const painted = fresh.samples[index][(y - top) * fresh.columns + x - left];
          changes[index][y * columns * CELL + x] = painted - plane[y * width + x];
        }
      }
    });
    await report((done + 1) / all.length);
  }
  for (const changed of changes) {
    const own = ownPart(changed, rows, columns);
    for (let at = 0; at < changed.length; at++) changed[at] -= own[at];
  }
  changes.slice(1).forEach((colour) => {
    colour.set(gaussianBlur(colour, rows * CELL, columns * CELL, COLOUR_SPREAD));
  });
  const [down, across] = [true, false].map((isDown) => slopes(planes, rows * CELL, columns * CELL, isDown));
  removeThreads(changes, down, across, rows, columns);
  removeHatching(changes[0], down, across, rows, columns);
  const stepLevels = 2 ** (coarseness(layers, layers.texture) / STEPS_AN_OCTAVE);
  removeSpeckle(changes, planes, down, across, LEAST + A_STEP * stepLevels);
  changing.forEach((plane, index) => {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = y * columns * CELL + x;
        const change = changes[index][at];
        const unevenness = Math.min(Math.max(change, -ROUGHNESS), ROUGHNESS);
        plane[y * width + x] += share[at] * (change - unevenness);
      }
    }
  });
}

/** Whether planes of differences of colour have next to none: such a picture is black and white, and stays so. */
export function isColourless(differences: Float32Array[]): boolean {
  return differences.every((plane) => plane.every((value) => Math.abs(value) < COLOURLESS));
}

/** Take out of changes, luma first, the fine streaks along rows and columns across which a painting has no slope. */
function removeThreads(
  changes: Float32Array[], down: Float32Array, across: Float32Array, rows: number, columns: number,
): void {
  const [height, width] = [rows * CELL, columns * CELL];
  const power = (pixels: Float32Array) => cellMeans(pixels, height, width, (value) => value ** 2);
  const levels = (means: Float32Array, spread = WOVEN_SPREAD) =>
    gaussianBlur(means, rows, columns, spread).map(Math.sqrt);
  const fine = changes.map((changed) => finePart(changed, height, width));
  for (const [slopes, high, wide] of [[down, 1, THREAD_PIXELS], [across, THREAD_PIXELS, 1]] as const) {
    const threads = fine.map((plane) => boxMean(plane, height, width, high, wide));
    const means = power(threads[0]);
    const [slope, farther] = [levels(power(slopes)), levels(means, ALONE_SPREAD)];
    const woven = levels(means).map((level, cell) =>
      clipped((level / (slope[cell] + EVEN) - WOVEN_FIRST) / (WOVEN_LAST - WOVEN_FIRST)) *
      clipped((ALONE - level / (farther[cell] + EVEN)) / (ALONE - AMONG)),
    );
    const share = resize(woven, [rows, columns], [height, width], "linear");
    threads.forEach((plane, index) => plane.forEach((value, at) => (changes[index][at] -= share[at] * value)));
  }
}

/** Take out of changes of luma, in place, what varies along straight contours of the painting: a smear stays one. */
function removeHatching(
  changed: Float32Array, down: Float32Array, across: Float32Array, rows: number, columns: number,
): void {
  const [height, width] = [rows * CELL, columns * CELL];
  const around = (products: Float32Array) => blurredCells(products, height, width, WOVEN_SPREAD);
  const steep = around(across.map((value) => value * value));
  const level = around(down.map((value) => value * value));
  const upright = steep.map((value, cell) => value - level[cell]);
  const falling = around(down.map((value, at) => value * across[at])).map((value) => 2 * value);
  const straight = upright.map((value, cell) => {
    const length = Math.hypot(value, falling[cell]);
    const coherence = length / (steep[cell] + level[cell] + 1);
    return clipped((coherence - STRAIGHT_FIRST) / (STRAIGHT_LAST - STRAIGHT_FIRST)) / (length ** 2 + 1e-6);
  });
  const means: [Float32Array, number, Float32Array][] = [
    [upright, -1, boxMean(changed, height, width, 1, ALONG_PIXELS)],
    [upright, 1, boxMean(changed, height, width, ALONG_PIXELS, 1)],
    [falling, -1, diagonalMean(changed, height, width, ALONG_DIAGONAL, 1)],
    [falling, 1, diagonalMean(changed, height, width, ALONG_DIAGONAL, -1)],
  ];
  const found = new Float32Array(changed.length);
  for (const [along, sign, mean] of means) {
    const shares = straight.map((share, cell) => share * Math.max(sign * along[cell], 0) ** 2);
    const share = resize(shares, [rows, columns], [height, width], "linear");
    for (let at = 0; at < found.length; at++) found[at] += share[at] * (changed[at] - mean[at]);
  }
  for (let at = 0; at < found.length; at++) changed[at] -= found[at];
}

/** Take out of changes, luma first, the part of what is fine that goes beyond what the painting bears. */
function removeSpeckle(
  changes: Float32Array[], painting: Planes, down: Float32Array, across: Float32Array, most: number,
): void {
  const [rows, columns] = [Math.ceil(painting.rows / CELL), Math.ceil(painting.columns / CELL)];
  const [height, width] = [rows * CELL, columns * CELL];
  const around = (pixels: Float32Array) => blurredCells(pixels, height, width, WOVEN_SPREAD);
  const fine = changes.map((changed) => finePart(changed, height, width));
  const steepness = around(down.map((value, at) => value ** 2 + across[at] ** 2)).map(Math.sqrt);
  const luma = blurredCells(painting.samples[0], painting.rows, painting.columns, WOVEN_SPREAD);
  const bright = luma.map((value) => clipped((value - DIM_FIRST) / (DIM_LAST - DIM_FIRST)));
  const over = around(fine[0].map((value) => value ** 2)).map((power, cell) =>
    1 - Math.min(1, Math.min(EVENLY * bright[cell] + A_SLOPE * steepness[cell], most) / (Math.sqrt(power) + 1e-6)),
  );
  const share = resize(over, [rows, columns], [height, width], "linear");
  fine.forEach((plane, index) => plane.forEach((value, at) => (changes[index][at] -= share[at] * value)));
}

/** What of a change is finer than FINE_PIXELS. */
function finePart(changed: Float32Array, height: number, width: number): Float32Array {
  const coarse = boxMean(changed, height, width, FINE_PIXELS, FINE_PIXELS);
  return changed.map((value, at) => value - coarse[at]);
}

function clipped(share: number): number {
  return Math.min(Math.max(share, 0), 1);
}

/** Luma's slope down or across, in levels a pixel, of height x width pixels; the picture's border pixels are repeated. */
function slopes({ samples: [luma], rows, columns }: Planes, height: number, width: number, down: boolean): Float32Array {
  const value = (y: number, x: number) =>
    luma[Math.min(Math.max(y, 0), rows - 1) * columns + Math.min(Math.max(x, 0), columns - 1)];
  const out = new Float32Array(height * width);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      out[at] = (down ? value(y + 1, x) - value(y - 1, x) : value(y, x + 1) - value(y, x - 1)) / 2;
    }
  }
  return out;
}

/** Where noise will lie on a painting without contours: of each cell, 0 to 1. */
function bare(luma: Float32Array, noise: Float32Array, height: number, width: number): Float32Array {
  const squared = (value: number) => value ** 2;
  const [mean, square, powers] = [
    blurredCells(luma, height, width, BARE_SPREAD), blurredCells(luma, height, width, BARE_SPREAD, squared),
    blurredCells(noise, height, width, BARE_SPREAD, squared),
  ];
  return powers.map((power, cell) => {
    const contrast = Math.sqrt(Math.max(square[cell]! - mean[cell]! ** 2, 0));
    return clipped((Math.sqrt(power) / (contrast + 0.5) - BARE_FIRST) / (BARE_LAST - BARE_FIRST));
  });
}

/** The means of something of cells' pixels, blurred over so many cells. */
function blurredCells(
  pixels: Float32Array, height: number, width: number, cells: number, of: (value: number) => number = (value) => value,
): Float32Array {
  return gaussianBlur(cellMeans(pixels, height, width, of), Math.ceil(height / CELL), Math.ceil(width / CELL), cells);
}

/** The mean of something of each cell's pixels; the last cells are continued by their last pixels. */
function cellMeans(pixels: Float32Array, height: number, width: number, of: (value: number) => number): Float32Array {
  const [rows, columns] = [Math.ceil(height / CELL), Math.ceil(width / CELL)];
  const sums = new Float64Array(rows * columns);
  for (let y = 0; y < rows * CELL; y++) {
    const [row, cell] = [Math.min(y, height - 1) * width, Math.floor(y / CELL) * columns];
    for (let x = 0; x < columns * CELL; x++) sums[cell + Math.floor(x / CELL)] += of(pixels[row + Math.min(x, width - 1)]!);
  }
  return Float32Array.from(sums, (sum) => sum / (CELL * CELL));
}

/**
 * What of a change is the network's own: the pattern, alike in all cells around, that a network leaves which paints cell
 * by cell, and what shifts a colour over many cells: such colours were sent.
 */
function ownPart(changed: Float32Array, rows: number, columns: number): Float32Array {
  const placeOf = (row: number, column: number, part: number) =>
    (row * CELL + Math.floor(part / CELL)) * columns * CELL + column * CELL + (part % CELL);
  const means = new Float32Array(rows * columns);
  for (let part = 0; part < CELL * CELL; part++) {
    for (let row = 0, cell = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) means[cell++] += changed[placeOf(row, column, part)] / (CELL * CELL);
    }
  }
  const shift = gaussianBlur(means, rows, columns, SHIFT);
  const own = resize(shift, [rows, columns], [rows * CELL, columns * CELL], "linear");
  const apart = new Float32Array(rows * columns);
  for (let part = 0; part < CELL * CELL; part++) {
    for (let row = 0, cell = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, cell++) apart[cell] = changed[placeOf(row, column, part)] - means[cell];
    }
    const alike = gaussianBlur(apart, rows, columns, ALIKE);
    for (let row = 0, cell = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) own[placeOf(row, column, part)] += alike[cell++];
    }
  }
  return own;
}

/**
 * Where the file has detail that is lost when the painting is shrunk to cells, 0 to 1. There the brush would paint
 * over what is known, such as small letters. The finest bands that are sent always count.
 */
function sent(layers: Layers, { coefficients, shape: [found, across] }: Texture, skipped: number, shape: Shape): Float32Array {
  const shapes = levelShapes(layers.size);
  const finest = Math.max(baseLevel(layers.size), skipped);
  const out = new Float32Array(shape[0] * shape[1]);
  for (let level = finest; level < shapes.length - 1; level++) {
    const bandCell = 2 << (level - skipped);
    if (bandCell > CELL && level > finest) break;
    const [[rows, columns], [lowRows, lowColumns]] = [shapes[level], shapes[level + 1]];
    const reach = Math.max(1, Math.floor(bandCell / CELL));
    const cell = (index: number) => Math.floor((index * bandCell) / (CELL * reach));
    for (let row = 0; row < rows; row++) {
      for (let column = row < lowRows ? lowColumns : 0; column < columns; column++) {
        const at = row * across + column;
        if (!coefficients[at] && !coefficients[at + found * across] && !coefficients[at + 2 * found * across]) continue;
        const [y, x] = [row < lowRows ? row : row - lowRows, column < lowColumns ? column : column - lowColumns];
        for (let down = 0; down < reach; down++) {
          for (let aside = 0; aside < reach; aside++) {
            const [cellRow, cellColumn] = [cell(y * reach + down), cell(x * reach + aside)];
            if (cellRow < shape[0] && cellColumn < shape[1]) out[cellRow * shape[1] + cellColumn] = 1;
          }
        }
      }
    }
  }
  return gaussianBlur(out, ...shape, SENT_SPREAD).map((share) => clipped(SENT_GAIN * share));
}

type Span = readonly [first: number, end: number];

/** Spans of about the same length, LONGEST_PIECE at most with their reach, that cover 0 to `cells`. */
function pieces(cells: number): Span[] {
  const count = cells <= LONGEST_PIECE ? 1 : Math.ceil(cells / (LONGEST_PIECE - 2 * REACH));
  return Array.from({ length: count }, (_, index) => [
    Math.floor((index * cells) / count), Math.floor(((index + 1) * cells) / count),
  ]);
}

/** What the network has to see, of `cells` with margins, to paint a piece. */
function withReach([first, end]: Span, cells: number): Span {
  return [Math.max(0, first + MARGIN - REACH), Math.min(cells, end + MARGIN + REACH)];
}
