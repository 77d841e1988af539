/** Looks for QR codes in pictures, beside the page. Fetched only where a code is to be read. */

import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
import { unzipped } from "./files";

let ready: Promise<unknown> | null = null;

/** Is sent a picture and a number, and sends the number back with what the codes in the picture hold. */
self.addEventListener("message", async ({ data: [number, picture] }: MessageEvent<[number, ImageData]>) => {
  try {
    ready ??= unzipped("zxing.bin").then((wasmBinary) =>
      prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true }),
    );
    await ready;
    const codes = await readBarcodes(picture, { formats: ["QRCode"] });
    self.postMessage([number, codes.map((code) => code.bytes)]);
  } catch (error) {
    ready = null; // the next picture tries again
    self.postMessage([number, null]);
    console.error(error);
  }
});
