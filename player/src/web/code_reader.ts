/** The .tsk files in pictures of QR codes. */

import { LinkError } from "../errors";
import { isLink, tskIn } from "../share/link";

/** Of a picture that is searched; the largest code needs 177 modules of about 4 pixels. */
const MOST_PIXELS = 12_000_000;
const MAX_SECONDS = 10;

let worker: Worker | null = null;
let asked = 0;

/** What the QR codes in a picture hold, as files or what may be one; null where the search fails or takes too long. */
export function filesIn(picture: ImageData): Promise<Uint8Array[] | null> {
  const searching = (worker ??= new Worker(new URL("code_worker.js", import.meta.url), { type: "module" }));
  const number = ++asked;
  return new Promise((resolve) => {
    const end = (payloads: Uint8Array[] | null) => {
      clearTimeout(late);
      searching.removeEventListener("message", hear);
      resolve(payloads && payloads.map(fileIn).filter((file) => file !== null));
    };
    const hear = ({ data: [to, payloads] }: MessageEvent<[number, Uint8Array[] | null]>) => {
      if (to === number) end(payloads);
    };
    // Some pictures, full of corners of codes, would keep any reader busy for hours.
    const late = setTimeout(() => {
      searching.terminate();
      worker = null;
      end(null);
    }, 1000 * MAX_SECONDS);
    searching.addEventListener("message", hear);
    searching.postMessage([number, picture]);
  });
}

function fileIn(payload: Uint8Array): Uint8Array | null {
  const text = String.fromCharCode(...payload);
  if (!isLink(text)) return payload;
  try {
    return tskIn(text);
  } catch (error) {
    if (error instanceof LinkError) return null;
    throw error;
  }
}

/** The files in the codes of a picture that was brought. Throws LinkError with a sentence where there are none. */
export async function filesInPicture(file: Blob): Promise<Uint8Array[]> {
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (!bitmap) throw new LinkError("This is no picture this browser can read, and no .tsk file; bring a PNG, JPEG or WebP.");
  const scale = Math.min(1, Math.sqrt(MOST_PIXELS / (bitmap.width * bitmap.height)));
  const files = await filesIn(pixelsOf(bitmap, Math.ceil(bitmap.width * scale), Math.ceil(bitmap.height * scale)));
  if (files?.length) return files;
  throw new LinkError(
    "No QR code with a picture can be read here; take it from straight ahead, sharp, and so near that the code fills the picture.",
  );
}

/** The pixels of a picture or of what the camera sees, at a size. */
export function pixelsOf(source: CanvasImageSource, width: number, height: number): ImageData {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new LinkError("This picture needs more memory than there is; close other pages.");
  context.drawImage(source, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}
