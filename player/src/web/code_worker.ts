/** Looks for QR codes in pictures, beside the page. Fetched only where a code is to be read. */

import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
import { once, unzipped } from "./files";

const ready = once(() =>
  unzipped("zxing.bin").then((wasmBinary) => prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true })),
);

/** Is sent a picture and a number, and sends the number back with what the codes in the picture hold. */
self.addEventListener("message", async ({ data: [number, picture] }: MessageEvent<[number, ImageData]>) => {
  try {
    await ready();
    const codes = await readBarcodes(picture, { formats: ["QRCode"] });
    self.postMessage([number, codes.map((code) => code.bytes)]);
  } catch (error) {
    self.postMessage([number, null]);
    console.error(error);
  }
});
