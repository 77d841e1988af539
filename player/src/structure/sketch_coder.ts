/**
 * Codes a sketch as chains: where a stroke starts, then which way each step turns.
 *
 * Every pixel of the bitmap is covered by chains of 8-connected steps. Starts are coded in raster order, so the
 * decoder knows which pixels behind the scan must stay empty.
 */

import { SKETCH_LONG_SIDES, gridShape } from "../codestream/grids";
import type { Tables } from "../codestream/tables";
import { AdaptiveBits, MagnitudeModel } from "../entropy/models";
import { Decoder, Encoder, PROBABILITY_ONE, type BitCoder, type ValueCoder } from "../entropy/range_coder";
import { BitstreamError } from "../errors";
import type { Shape, Size, Strokes } from "../layers";

/** [row, column] offset of the eight directions, clockwise from right. */
const STEPS = [[0, 1], [1, 1], [1, 0], [1, -1], [0, -1], [-1, -1], [-1, 0], [-1, 1]] as const;
const TURNS = [0, 1, -1, 2, -2, 3, -3] as const;
const HISTORY_BITS = 12;
const PATHS = 4 << HISTORY_BITS;
const MOST_SHARE = PROBABILITY_ONE - 16;

// What a cell of the padded grid can be.
const FREE = 0;
const COVERED = 2;
const EMPTY = 3;

interface Start {
  readonly position: number;
  readonly arms: readonly (readonly number[])[];
}

export function pack(sketch: Strokes, size: Size, tables: Tables): Uint8Array {
  const encoder = new Encoder();
  encoder.uniform(longSideIndex(size, sketch.shape), SKETCH_LONG_SIDES.length);
  codeChains(encoder, sketch.shape, sketch.cells, new ChainModel(tables));
  return encoder.finish();
}

/** Any bytes give a sketch or BitstreamError. */
export function unpack(data: Uint8Array, size: Size, tables: Tables): Strokes {
  const decoder = new Decoder(data);
  const shape = gridShape(size, SKETCH_LONG_SIDES[decoder.uniform(0, SKETCH_LONG_SIDES.length)]);
  return { kind: "strokes", shape, cells: codeChains(decoder, shape, null, new ChainModel(tables)) };
}

function longSideIndex(size: Size, [rows, columns]: Shape): number {
  return SKETCH_LONG_SIDES.findIndex((longSide) => {
    const shape = gridShape(size, longSide);
    return shape[0] === rows && shape[1] === columns;
  });
}

/** Codes a bitmap; with `cells` null it comes from the coder. Returns the bitmap. */
function codeChains(coder: ValueCoder, shape: Shape, cells: Uint8Array | null, model: ChainModel): Uint8Array {
  const grid = new Grid(shape);
  const starts = cells ? cover(cells, grid) : [];
  const [rows, columns] = shape;
  let count = new MagnitudeModel(1, rows * columns, 60000).code(coder, starts.length);
  let remaining = rows * columns;
  let nextStart = 0;
  for (let scan = grid.first; count; scan++) {
    if (scan >= grid.last) throw new BitstreamError("the sketch is damaged: a stroke starts outside the grid");
    if (grid.state[scan] !== FREE) continue;
    const startsHere = starts[nextStart]?.position === scan ? 1 : 0;
    let isStart: number;
    if (grid.near[scan]) {
      isStart = model.codeStart(coder, grid.near[scan], startsHere);
    } else {
      // The remaining starts are spread evenly over the pixels to come.
      const share = Math.floor((count * PROBABILITY_ONE) / (remaining + 1));
      isStart = coder.bit(startsHere, Math.min(Math.max(share, 16), MOST_SHARE));
    }
    if (remaining > count) remaining--;
    if (isStart) {
      codeArms(coder, model, grid, scan, starts[nextStart]?.arms ?? []);
      nextStart++;
      count--;
    } else {
      grid.state[scan] = EMPTY;
    }
  }
  return grid.bitmap();
}

/** The cells with a frame around them that is no part of the sketch. */
class Grid {
  readonly stride: number;
  readonly state: Uint8Array;
  /** Covered neighbours of each cell. */
  readonly near: Uint8Array;
  readonly offsets: readonly number[];
  readonly first: number;
  /** Just behind the last cell of the sketch. */
  readonly last: number;

  constructor(readonly shape: Shape) {
    const [rows, columns] = shape;
    this.stride = columns + 2;
    this.state = new Uint8Array(this.stride * (rows + 2)).fill(EMPTY);
    for (let row = 1; row <= rows; row++) this.state.fill(FREE, this.index(row, 1), this.index(row, columns + 1));
    this.near = new Uint8Array(this.state.length);
    this.offsets = STEPS.map(([row, column]) => this.index(row, column));
    this.first = this.index(1, 1);
    this.last = this.index(rows + 1, -1);
  }

  index(row: number, column: number): number {
    return row * this.stride + column;
  }

  occupy(position: number): void {
    this.state[position] = COVERED;
    for (const offset of this.offsets) this.near[position + offset]++;
  }

  bitmap(): Uint8Array {
    const [rows, columns] = this.shape;
    const cells = new Uint8Array(rows * columns);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        cells[row * columns + column] = this.state[this.index(row + 1, column + 1)] === COVERED ? 1 : 0;
      }
    }
    return cells;
  }
}

/** Splits a bitmap into starts in raster order, each with one or more arms of directions. */
function cover(cells: Uint8Array, grid: Grid): Start[] {
  const [rows, columns] = grid.shape;
  const todo = new Uint8Array(grid.state.length);
  for (let row = 0; row < rows; row++) {
    todo.set(cells.subarray(row * columns, (row + 1) * columns), grid.index(row + 1, 1));
  }
  const starts: Start[] = [];
  for (let position = grid.first; position < grid.last; position++) {
    if (!todo[position]) continue;
    todo[position] = 0;
    const arms: number[][] = [];
    for (;;) {
      const arm = walk(todo, position, grid.offsets);
      if (arm.length || !arms.length) arms.push(arm);
      if (!arm.length) break;
    }
    starts.push({ position, arms });
  }
  return starts;
}

/** Follows the pixels of `todo` and takes them off it, straight on where possible; returns the directions. */
function walk(todo: Uint8Array, from: number, offsets: readonly number[]): number[] {
  const arm: number[] = [];
  let position = from;
  let order: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7];
  for (;;) {
    const direction = order.find((option) => todo[position + offsets[option]]);
    if (direction === undefined) return arm;
    position += offsets[direction];
    todo[position] = 0;
    arm.push(direction);
    order = TURNS.map((turn) => (direction + turn) & 7);
  }
}

/** Codes the arms of one start; `arms` is empty when decoding. An arm without steps closes them. */
function codeArms(
  coder: BitCoder,
  model: ChainModel,
  grid: Grid,
  position: number,
  arms: readonly (readonly number[])[],
): void {
  grid.occupy(position);
  for (let index = 0; ; index++) {
    if (!codeArm(coder, model, grid, position, arms[index] ?? [], index)) return;
  }
}

/** Codes one arm, whose first step may be "none"; returns its number of steps. */
function codeArm(
  coder: BitCoder,
  model: ChainModel,
  grid: Grid,
  from: number,
  arm: readonly number[],
  index: number,
): number {
  let position = from;
  let direction = model.codeFirst(coder, grid, position, arm[0] ?? -1, index);
  const path = new Path(direction);
  let steps = 0;
  while (direction >= 0) {
    position += grid.offsets[direction];
    grid.occupy(position);
    steps++;
    direction = model.codeStep(coder, grid, position, path, arm[steps] ?? -1);
  }
  return steps;
}

/**
 * The probabilities of starts, first directions and turns: trained tables that adapt.
 *
 * A turn is coded as up to seven questions: straight on? towards the side of the last bend? away from it? and so on; a
 * stroke ends when all answers are no. Cells that are taken are not asked about.
 */
class ChainModel {
  readonly #near: AdaptiveBits;
  readonly #first: AdaptiveBits;
  readonly #turn: AdaptiveBits;

  constructor(tables: Tables) {
    this.#near = new AdaptiveBits(tables.get("sketch_model.near"), 20);
    this.#first = new AdaptiveBits(tables.get("sketch_model.first"), 20);
    this.#turn = new AdaptiveBits(tables.get("sketch_model.turn"), 24);
  }

  /** Whether a stroke starts in a cell with `near` covered neighbours, one at least. */
  codeStart(coder: BitCoder, near: number, value: number): number {
    return this.#near.code(coder, near - 1, value);
  }

  /** The first direction of an arm, -1 for none. */
  codeFirst(coder: BitCoder, grid: Grid, position: number, wanted: number, arm: number): number {
    const context = Math.min(arm, 2) * 8;
    for (let option = 0; option < 8; option++) {
      if (grid.state[position + grid.offsets[option]] !== FREE) continue;
      if (this.#first.code(coder, context + option, option === wanted ? 1 : 0)) return option;
    }
    return -1;
  }

  /** The direction of the next step, -1 for the stroke's end; updates `path`. */
  codeStep(coder: BitCoder, grid: Grid, position: number, path: Path, wanted: number): number {
    const { direction, side } = path;
    const context = path.context();
    for (let rank = 0; rank < TURNS.length; rank++) {
      const option = (direction + side * TURNS[rank]) & 7;
      if (grid.state[position + grid.offsets[option]] !== FREE) continue;
      if (this.#turn.code(coder, rank * PATHS + context, option === wanted ? 1 : 0)) {
        path.step(option, rank);
        return option;
      }
    }
    return -1;
  }
}

/** What the turns of a stroke so far say about its next one. */
class Path {
  side = 1;
  #history = 0;
  #steps = 0;

  constructor(public direction: number) {}

  /** Below `PATHS`: the last six turns, seen from the last bend's side, and the slope. */
  context(): number {
    return (this.#history * 2 + (this.direction & 1)) * 2 + (this.#steps >= 5 ? 1 : 0);
  }

  /** Takes a step that turned by TURNS[rank], counted towards `side`. */
  step(option: number, rank: number): void {
    this.direction = option;
    this.#steps++;
    let turned = Math.min(rank, 3);
    let history = this.#history;
    if (rank === 2 || rank === 4 || rank === 6) {
      // The bend changes sides: the whole path is looked at from the other one, so 1 and 2 change places.
      this.side = -this.side;
      history = ((history & 0x555) << 1) | ((history & 0xaaa) >> 1);
      turned = rank === 2 ? 1 : 3;
    }
    this.#history = ((history << 2) | turned) & ((1 << HISTORY_BITS) - 1);
  }
}
