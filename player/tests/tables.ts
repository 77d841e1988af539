/** The tables that files are read with: for pictures, for captions, and all. */

import { readFileSync } from "node:fs";
import { type Column, readTables, Tables } from "../src/codestream/tables";

const read = (name: string) => readTables(new Uint8Array(readFileSync(`dist/${name}`)));

export const pictureTables = await read("tables.bin");
export const wordTables = await read("words.bin");

class All extends Tables {
  override get(name: string): Column {
    try {
      return pictureTables.get(name);
    } catch {
      return wordTables.get(name);
    }
  }
}

export const tables = new All([]);
