/** The tables that files are read with: tables.bin and words.bin, which player/tables.py makes of the package's own. */

import { PlayerError } from "../errors";

/** The format version these tables, and so this player, read. */
export const VERSION = 1;

export type Column = Uint8Array | Int8Array | Uint16Array | Int16Array | Int32Array;

const COLUMN_TYPES = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  int32: Int32Array,
} as const;

/** Arrays by name, "table.array", flat in row-major order. */
export class Tables {
  readonly #columns = new Map<string, Column>();
  readonly #made = new Map<unknown, unknown>();

  constructor(columns: Iterable<readonly [string, Column]>) {
    for (const [name, column] of columns) this.#columns.set(name, column);
  }

  /** An array; an error if there is none of this name. */
  get(name: string): Column {
    const column = this.#columns.get(name);
    if (!column) throw new PlayerError(`the tables lack ${name}; load the page anew`);
    return column;
  }

  /** What `make` makes of these tables: made once. */
  made<T>(make: (tables: Tables) => T): T {
    if (!this.#made.has(make)) this.#made.set(make, make(this));
    return this.#made.get(make) as T;
  }
}

/**
 * Reads a file of tables, which is gzip: a line of JSON that lists [name, type, length], then the arrays, little-endian, each
 * at a multiple of its items' size.
 */
export async function readTables(packed: Uint8Array<ArrayBuffer>): Promise<Tables> {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const data = await new Response(stream).arrayBuffer();
  const headerEnd = new Uint8Array(data).indexOf(10);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 0, headerEnd))) as {
    version: number;
    columns: [string, keyof typeof COLUMN_TYPES, number][];
  };
  if (header.version !== VERSION) throw new PlayerError("the tables are of another format version; load the page anew");
  let offset = headerEnd + 1;
  return new Tables(
    header.columns.map(([name, type, length]) => {
      const column = new COLUMN_TYPES[type](data, offset, length);
      offset += column.byteLength;
      return [name, column] as const;
    }),
  );
}
