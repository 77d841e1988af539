/** What the decoder offers: `readTables`, then `unpack`. */

export { VERSION, readTables, type Tables } from "./codestream/tables";
export { BitstreamError, PlayerError } from "./errors";
export * from "./layers";
export { type Header, type Salvaged, type Segment, salvage, split, unpack } from "./bitstream";
