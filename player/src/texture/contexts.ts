/**
 * The order a colour map's coefficients are coded in, and what is known about each one by then.
 *
 * Levels go from coarse to fine, in a level luma comes before chroma. A band is coded in four passes, each over every
 * second row and column, so all that tells of a coefficient comes from passes, bands, planes and levels before it. The
 * vertical-detail band is transposed, so that it shares its statistics with the horizontal one.
 */

import type { Shape, Strokes } from "../layers";

/** [row, column] of the first coefficient of each pass. */
const PASSES = [[0, 0], [1, 1], [0, 1], [1, 0]] as const;
/** [row, column] of the neighbours within a band, the coefficient itself in the middle. */
const NEAR: readonly (readonly [number, number])[] = square(2);
const AROUND: readonly (readonly [number, number])[] = square(1);
/** Planes around a band: its parent, the bands before it in its level, the same band of the planes before it. */
const OTHERS = 5;
const CLIP = 15;
const SIGN_CLIP = 2;
const MARGIN = 2;

/** Inputs of a magnitude's probability: first the magnitudes around the coefficient, then its stroke density. */
const DENSITY = NEAR.length - 1 + OTHERS * AROUND.length;
/** Behind it plane, depth, band and pass (one of each is on), and the quantiser step. */
const MAGNITUDES = DENSITY + 1;
/** Inputs of a sign's probability: first the signed values around the coefficient. */
const SIGNED = NEAR.length + OTHERS * AROUND.length;
const ON = 256;

/** 256 log2(1 + value) of a magnitude: what the network is given. */
const INPUT_SCALE = [0, 256, 406, 512, 594, 662, 719, 768, 812, 850, 886, 918, 947, 975, 1000, 1024] as const;

export type Constants = readonly (readonly [input: number, value: number])[];

/** Inputs of a network that are not 0. */
export class Inputs {
  count = 0;
  readonly columns = new Int32Array(SIGNED + 1);
  readonly values = new Int32Array(SIGNED + 1);

  add(column: number, value: number): void {
    this.columns[this.count] = column;
    this.values[this.count++] = value;
  }
}

function square(reach: number): [number, number][] {
  const side = Array.from({ length: 2 * reach + 1 }, (_, index) => index - reach);
  return side.flatMap((row) => side.map((column): [number, number] => [row, column]));
}

/** Part of a plane, perhaps turned: the value at (row, column) is at first + row * down + column * across. */
interface Part {
  readonly values: Int16Array;
  readonly first: number;
  readonly down: number;
  readonly across: number;
  readonly rows: number;
  readonly columns: number;
  /** 1 where every value stands for 2 x 2 places, as a parent's does, else 0. */
  readonly halved: 0 | 1;
}

/** A band, as far as it is known, and what lies around it in other planes; all with margins of zeros. */
class Surroundings {
  readonly stride: number;
  /** The band's own values, then those of each of the other planes there are, at most 15 either way. */
  readonly #known: Int8Array;
  readonly #cells: number;
  /** Where any other input than the density is not 0. */
  readonly busy: Uint8Array;
  readonly #near: readonly number[];
  readonly #around: readonly number[];
  readonly #there: readonly number[];
  readonly #outside: boolean;

  constructor(
    readonly rows: number,
    readonly columns: number,
    others: readonly (Part | null)[],
  ) {
    this.stride = columns + 2 * MARGIN;
    this.#cells = (rows + 2 * MARGIN) * this.stride;
    const offset = ([row, column]: readonly [number, number]) => row * this.stride + column;
    this.#near = NEAR.map(offset);
    this.#around = AROUND.map(offset);
    this.#there = others.flatMap((part, index) => (part ? [index] : []));
    this.#known = new Int8Array((1 + this.#there.length) * this.#cells);
    this.busy = new Uint8Array(this.#cells);
    let outside = false;
    this.#there.forEach((index, order) => {
      if (this.#take(others[index] as Part, (1 + order) * this.#cells)) outside = true;
    });
    this.#outside = outside;
  }

  place(row: number, column: number): number {
    return (row + MARGIN) * this.stride + column + MARGIN;
  }

  /** Copies another plane, which may reach one row and column beyond the band; returns whether it does. */
  #take(part: Part, into: number): boolean {
    const rows = Math.min(part.rows << part.halved, this.rows + 1);
    const columns = Math.min(part.columns << part.halved, this.columns + 1);
    let outside = false;
    for (let row = 0; row < rows; row++) {
      const from = part.first + (row >> part.halved) * part.down;
      for (let column = 0; column < columns; column++) {
        const value = part.values[from + (column >> part.halved) * part.across];
        if (!value) continue;
        const place = this.place(row, column);
        this.#known[into + place] = Math.min(Math.max(value, -CLIP), CLIP);
        if (row < this.rows && column < this.columns) {
          for (const offset of this.#around) this.busy[place + offset] = 1;
        } else {
          outside = true;
        }
      }
    }
    return outside;
  }

  /** Takes in a coefficient that is not 0. */
  learn(place: number, value: number): void {
    this.#known[place] = Math.min(Math.max(value, -CLIP), CLIP);
    for (const offset of this.#near) this.busy[place + offset] = 1;
  }

  /** Magnitudes around a place, and its stroke density. Of the other planes, what lies beyond the band is not seen. */
  magnitudes(place: number, density: number, into: Inputs): void {
    into.count = 0;
    const known = this.#known;
    const near = this.#near;
    const middle = near.length >> 1;
    for (let index = 0; index < near.length; index++) {
      const value = known[place + near[index]];
      if (value && index !== middle) into.add(index < middle ? index : index - 1, INPUT_SCALE[Math.abs(value)]);
    }
    const lastRow = (place / this.stride) | 0;
    const inside = !this.#outside || (lastRow < this.rows + 1 && place % this.stride < this.columns + 1);
    for (let order = 0; order < this.#there.length; order++) {
      const column = near.length - 1 + this.#there[order] * AROUND.length;
      const plane = (1 + order) * this.#cells + place;
      for (let index = 0; index < AROUND.length; index++) {
        const value = known[plane + this.#around[index]];
        if (value && (inside || this.#isInside(place + this.#around[index]))) {
          into.add(column + index, INPUT_SCALE[Math.abs(value)]);
        }
      }
    }
    if (density) into.add(DENSITY, INPUT_SCALE[density]);
  }

  /** Signed values around a place, -2 to 2, in units of 2**-8. */
  signs(place: number, into: Inputs): void {
    into.count = 0;
    const known = this.#known;
    for (let index = 0; index < this.#near.length; index++) {
      const value = known[place + this.#near[index]];
      if (value) into.add(index, ON * Math.min(Math.max(value, -SIGN_CLIP), SIGN_CLIP));
    }
    for (let order = 0; order < this.#there.length; order++) {
      const column = this.#near.length + this.#there[order] * AROUND.length;
      const plane = (1 + order) * this.#cells + place;
      for (let index = 0; index < AROUND.length; index++) {
        const value = known[plane + this.#around[index]];
        if (value) into.add(column + index, ON * Math.min(Math.max(value, -SIGN_CLIP), SIGN_CLIP));
      }
    }
  }

  #isInside(place: number): boolean {
    return place < (this.rows + MARGIN) * this.stride && place % this.stride < this.columns + MARGIN;
  }
}

/**
 * A quarter of a band. plane: 0 to 2. depth: how many levels below the coarsest. The coefficients are numbered row by
 * row, 0 to `count` - 1.
 */
export class Pass {
  readonly count: number;
  readonly #columns: number;

  constructor(
    readonly plane: number,
    readonly depth: number,
    readonly constants: Constants,
    readonly signConstants: Constants,
    readonly hasDensity: boolean,
    private readonly band: Part,
    private readonly around: Surroundings,
    private readonly densities: Uint8Array | null,
    private readonly firstRow: number,
    private readonly firstColumn: number,
  ) {
    this.#columns = (band.columns - firstColumn + 1) >> 1;
    this.count = ((band.rows - firstRow + 1) >> 1) * this.#columns;
  }

  #row(index: number): number {
    return this.firstRow + 2 * ((index / this.#columns) | 0);
  }

  #column(index: number): number {
    return this.firstColumn + 2 * (index % this.#columns);
  }

  /** Where a coefficient stands among its surroundings. */
  place(index: number): number {
    return this.around.place(this.#row(index), this.#column(index));
  }

  /** Whether anything but strokes is known around a place. */
  isBusy(place: number): boolean {
    return this.around.busy[place] !== 0;
  }

  /** How much of a coefficient's cell is covered by strokes: 0 to 15. */
  density(index: number): number {
    return this.densities ? this.densities[this.#row(index) * this.band.columns + this.#column(index)] : 0;
  }

  magnitudes(place: number, density: number, into: Inputs): void {
    this.around.magnitudes(place, density, into);
  }

  signs(place: number, into: Inputs): void {
    this.around.signs(place, into);
  }

  value(index: number): number {
    return this.band.values[this.#at(index)];
  }

  /** Writes a coefficient; what comes behind this pass learns of it by `learn`. */
  write(index: number, value: number): void {
    this.band.values[this.#at(index)] = value;
  }

  learn(index: number): void {
    this.around.learn(this.place(index), this.value(index));
  }

  #at(index: number): number {
    return this.band.first + this.#row(index) * this.band.down + this.#column(index) * this.band.across;
  }
}

/**
 * Walks the coefficients of three planes of `shape`, one behind the other, in coding order.
 *
 * The caller writes those of each pass and lets it learn them before it asks for the next. shapes: of the coded levels,
 * the finest first. finest: each plane's finest level that is coded.
 */
export function* passes(
  coefficients: Int16Array,
  shape: Shape,
  shapes: readonly Shape[],
  finest: readonly number[],
  stepIndex: number,
  strokes: Strokes | null,
): Generator<Pass> {
  const last = shapes.length - 1;
  const densities = strokes && new Densities(strokes);
  const cells = shape[0] * shape[1];
  for (let level = last; level >= 0; level--) {
    const depth = last - level;
    for (let plane = 0; plane < 3; plane++) {
      if (level < finest[plane]) continue;
      const bandsOf = (which: number, at: number) => bandParts(coefficients, which * cells, shape[1], shapes, at);
      const bands = bandsOf(plane, level);
      for (const [index, band] of bands.entries()) {
        if (!band.rows || !band.columns) continue;
        const kind = level === last ? 3 : index;
        const turn = (part: Part | null) => (part && kind === 1 ? turned(part) : part);
        const others = [
          level < last - 1 ? { ...bandsOf(plane, level + 1)[index], halved: 1 as const } : null,
          index >= 1 ? bands[0] : null,
          index === 2 ? bands[1] : null,
          plane >= 1 ? bandsOf(0, level)[index] : null,
          plane === 2 ? bandsOf(1, level)[index] : null,
        ].map(turn);
        const coded = turn(band) as Part;
        const around = new Surroundings(coded.rows, coded.columns, others);
        const density = densities && densities.of([band.rows, band.columns], kind === 1);
        for (const [order, [row, column]] of PASSES.entries()) {
          if (row >= coded.rows || column >= coded.columns) continue;
          yield new Pass(
            plane,
            depth,
            [
              [MAGNITUDES + plane, ON],
              [MAGNITUDES + 3 + Math.min(depth, 7), ON],
              [MAGNITUDES + 11 + kind, ON],
              [MAGNITUDES + 15 + order, ON],
              [MAGNITUDES + 19, (stepIndex - 35) * 26],
            ],
            [
              [SIGNED + Math.min(plane, 1), ON],
              [SIGNED + 2 + (kind % 3), ON],
              [SIGNED + 5 + order, ON],
              [SIGNED + 9 + Math.min(depth, 2), ON],
            ],
            density !== null,
            coded,
            around,
            density,
            row,
            column,
          );
        }
      }
    }
  }
}

/** The bands of a level of a plane that begins at `first`: horizontal, vertical and diagonal detail; of the coarsest
 * level only the low-pass band. */
function bandParts(
  values: Int16Array,
  first: number,
  stride: number,
  shapes: readonly Shape[],
  level: number,
): Part[] {
  const part = (top: number, left: number, rows: number, columns: number): Part => ({
    values,
    first: first + top * stride + left,
    down: stride,
    across: 1,
    rows,
    columns,
    halved: 0,
  });
  const [rows, columns] = shapes[level];
  if (level === shapes.length - 1) return [part(0, 0, rows, columns)];
  const [lowRows, lowColumns] = shapes[level + 1];
  return [
    part(0, lowColumns, lowRows, columns - lowColumns),
    part(lowRows, 0, rows - lowRows, lowColumns),
    part(lowRows, lowColumns, rows - lowRows, columns - lowColumns),
  ];
}

function turned(part: Part): Part {
  return { ...part, down: part.across, across: part.down, rows: part.columns, columns: part.rows };
}

/** The finest level with a coefficient that is not zero, of a plane that begins at `first`; all levels if none has. */
export function finestLevel(values: Int16Array, first: number, stride: number, shapes: readonly Shape[]): number {
  const level = shapes.findIndex((_, at) => bandParts(values, first, stride, shapes, at).some(hasAny));
  return level < 0 ? shapes.length : level;
}

function hasAny({ values, first, down, rows, columns }: Part): boolean {
  for (let row = 0; row < rows; row++) {
    const begin = first + row * down;
    if (values.subarray(begin, begin + columns).some((value) => value !== 0)) return true;
  }
  return false;
}

/** The stroke densities of all bands of one sketch: how much of each coefficient's cell strokes cover, 0 to 15. */
class Densities {
  readonly #total: Int32Array; // strokes above and left of each corner
  readonly #shape: Shape;
  readonly #known = new Map<string, Uint8Array>();

  constructor({ shape, cells }: Strokes) {
    const [rows, columns] = shape;
    const stride = columns + 1;
    this.#shape = shape;
    this.#total = new Int32Array((rows + 1) * stride);
    for (let row = 0; row < rows; row++) {
      let inRow = 0;
      for (let column = 0; column < columns; column++) {
        inRow += cells[row * columns + column];
        this.#total[(row + 1) * stride + column + 1] = this.#total[row * stride + column + 1] + inRow;
      }
    }
  }

  /** Those of a band, row by row; turned: column by column. */
  of([rows, columns]: Shape, turn: boolean): Uint8Array {
    const key = `${rows} ${columns} ${turn}`;
    let found = this.#known.get(key);
    if (!found) {
      found = new Uint8Array(rows * columns);
      const stride = this.#shape[1] + 1;
      const across = Array.from({ length: columns }, (_, column) => bounds(this.#shape[1], columns, column));
      for (let row = 0; row < rows; row++) {
        const [top, bottom] = bounds(this.#shape[0], rows, row);
        for (let column = 0; column < columns; column++) {
          const [left, right] = across[column];
          const count =
            this.#total[bottom * stride + right] -
            this.#total[top * stride + right] -
            this.#total[bottom * stride + left] +
            this.#total[top * stride + left];
          const area = (bottom - top) * (right - left);
          const density = Math.min(Math.floor((count * 32 + area - 1) / area), CLIP);
          found[turn ? column * rows + row : row * columns + column] = density;
        }
      }
      this.#known.set(key, found);
    }
    return found;
  }
}

/** Bounds of a cell, one of `count` of a grid of `length`, widened to at least three of the grid's. */
function bounds(length: number, count: number, index: number): [low: number, high: number] {
  const low = Math.floor((index * length) / count);
  const high = Math.floor(((index + 1) * length) / count);
  return high - low < 3 ? [Math.max(low - 1, 0), Math.min(low + 2, length)] : [low, high];
}
