/** The files that lie beside the page. */

import { PlayerError } from "../errors";

/** What is said where a part of the page is missing. */
export const OFFLINE = "A part of this page cannot be fetched; go online and try again.";

/** The bytes of a file beside the page. Throws PlayerError where it cannot be had. */
export async function fetched(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(new URL(name, import.meta.url)).catch(() => null);
  if (!response?.ok) throw new PlayerError(OFFLINE);
  return new Uint8Array(await response.arrayBuffer());
}

/** The bytes in a gzip file beside the page. */
export async function unzipped(name: string): Promise<ArrayBuffer> {
  const packed = await fetched(name);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

/** What `make` makes, once; where it fails, the next who asks tries again. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () =>
    (made ??= make().catch((error: unknown) => {
      made = null;
      throw error;
    }));
}
