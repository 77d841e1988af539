/** Scans QR codes with the camera. */

import { LinkError } from "../errors";
import { filesIn, pixelsOf } from "./code_reader";

const WANTED = { facingMode: "environment", width: { ideal: 1920 }, height: { ideal: 1080 } };
const PAUSE_MS = 60;

/** Whether this browser lets this page ask for a camera. */
export function hasCamera(): boolean {
  return navigator.mediaDevices?.getUserMedia !== undefined;
}

/** Looks for codes until `found` takes a file or `stopped` says so. Throws LinkError where there is no camera. */
export async function scan(
  video: HTMLVideoElement, found: (file: Uint8Array) => Promise<boolean>, stopped: () => boolean,
): Promise<void> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: WANTED }).catch(() => null);
  if (!stream) throw new LinkError("The camera cannot be used; allow it for this page, or choose a picture of the code.");
  try {
    video.srcObject = stream;
    await video.play();
    while (!stopped()) {
      const [width, height] = [video.videoWidth, video.videoHeight];
      const files = width && height ? await filesIn(pixelsOf(video, width, height)) : [];
      for (const file of files ?? []) {
        if (!stopped() && (await found(file))) return;
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
}
