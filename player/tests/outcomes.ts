/**
 * What the player makes of some bytes: a line of base64 in, a line of JSON out.
 *
 * {"unpacked": digest or null, "salvaged": [digest, number of bytes kept, what is lost] or null, "error": what `unpack`
 * said or null, "ms": processor time of both, "mib": the most memory so far}; null where the bytes are an error. Any
 * other error ends the program.
 */

import { createInterface } from "node:readline";
import { salvage, unpack } from "../src/bitstream";
import { BitstreamError } from "../src/errors";
import { digest } from "./canonical";
import { tables } from "./tables";

function outcome<T>(attempt: () => T): { value: T | null; error: string | null } {
  try {
    return { value: attempt(), error: null };
  } catch (error) {
    if (!(error instanceof BitstreamError)) throw error;
    return { value: null, error: error.message };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const data = new Uint8Array(Buffer.from(line, "base64"));
  const begin = process.cpuUsage();
  const unpacked = outcome(() => unpack(data, tables));
  const saved = outcome(() => salvage(data, tables)).value;
  const { user, system } = process.cpuUsage(begin);
  console.log(
    JSON.stringify({
      unpacked: unpacked.value && digest(unpacked.value),
      salvaged: saved && [digest(saved.layers), saved.data.length, saved.lost],
      error: unpacked.error,
      ms: Math.round((user + system) / 1000),
      mib: Math.round(process.resourceUsage().maxRSS / 1024),
    }),
  );
}
