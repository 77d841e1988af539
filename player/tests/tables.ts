/** All tables that files are read with. */

import { readFileSync } from "node:fs";
import { readTables } from "../src/codestream/tables";

const read = (name: string) => readTables(new Uint8Array(readFileSync(`dist/${name}`)));

export const pictureTables = await read("tables.bin");
export const tables = pictureTables.and(await read("words.bin"));
