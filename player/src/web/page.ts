/** The player's page: whatever way a picture comes, it is shown. */

import astronaut from "../../../examples/astronaut.tsk";
import pagoda from "../../../examples/pagoda.tsk";
import { BitstreamError, PlayerError } from "../errors";
import { linkOf, tskIn } from "../share/link";
import { hasCamera, scan } from "./camera";
import { filesInPicture } from "./code_reader";
import { byteCount, element, made } from "./elements";
import { keepAddress, show } from "./picture_view";
import { say } from "./status";

const SAMPLES = { astronaut, pagoda };
/** No .tsk file is larger by far. */
const MOST_FILE_BYTES = 100_000;
/** In characters; a shorter fragment is a place on the page. */
const SHORTEST_FILE = 8;

let brought = 0;

/** Whether a picture is shown of one of some files; a sentence says why not. What is brought last counts. */
async function bring(find: () => Promise<Uint8Array[]> | Uint8Array[]): Promise<boolean> {
  const mine = ++brought;
  let failed: unknown = null;
  try {
    for (const file of await find()) {
      if (mine !== brought) return false;
      try {
        await show(file);
        return true;
      } catch (error) {
        failed = error;
      }
    }
  } catch (error) {
    failed = error;
  }
  if (mine !== brought) return false;
  if (!(failed instanceof PlayerError)) throw failed;
  say(sentence(failed.message), "failed");
  keepAddress();
  return false;
}

function sentence(message: string): string {
  const text = message.trim();
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}

async function bytesOf(file: File): Promise<Uint8Array> {
  if (file.size > MOST_FILE_BYTES) throw new BitstreamError("This is no .tsk file, which has a few thousand bytes; bring one, or a picture of a QR code.");
  return new Uint8Array(await file.arrayBuffer());
}

async function bringFile(file: File): Promise<void> {
  const picture = file.type.startsWith("image/");
  if (picture) say("Looking for a QR code …");
  await bring(async () => (picture ? filesInPicture(file) : [await bytesOf(file)]));
  scrollTo(0, 0);
}

async function arrive(): Promise<void> {
  const brings = location.hash.length > SHORTEST_FILE || new URLSearchParams(location.search).has("tsk");
  if (brings) await bring(() => [tskIn(location.href)]);
}

/* A file that is chosen, dropped or pasted; a link that is typed or pasted. */
const chosen = element("file", HTMLInputElement);
chosen.addEventListener("change", () => {
  const file = chosen.files?.[0];
  if (file) void bringFile(file);
  chosen.value = "";
});
const dropped = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
document.addEventListener("dragover", (event) => {
  if (!dropped(event)) return;
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dropping");
});
document.addEventListener("drop", (event) => {
  if (!dropped(event)) return;
  event.preventDefault();
  document.body.classList.remove("dropping");
  const file = event.dataTransfer?.files[0];
  if (file) void bringFile(file);
});
document.addEventListener("paste", (event) => {
  const file = event.clipboardData?.files[0];
  if (!file) return;
  event.preventDefault();
  void bringFile(file);
});
const link = element("link", HTMLInputElement);
element("by-link", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  void bring(() => [tskIn(link.value)]);
});

/* The camera. */
const [start, camera] = [element("scan", HTMLButtonElement), element("camera", HTMLElement)];
let scanning = 0;
function stopScanning(): void {
  scanning++;
  camera.hidden = true;
  start.hidden = !hasCamera();
}
start.addEventListener("click", async () => {
  const mine = ++scanning;
  camera.hidden = false;
  start.hidden = true;
  try {
    await scan(element("seen", HTMLVideoElement), (file) => bring(() => [file]), () => mine !== scanning);
    scrollTo(0, 0);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), "failed");
  }
  if (mine === scanning) stopScanning();
});
element("stop", HTMLButtonElement).addEventListener("click", stopScanning);
start.hidden = !hasCamera();

for (const [name, file] of Object.entries(SAMPLES)) {
  const sample = made("a", "", `${name}, ${byteCount(file.length)}`);
  sample.href = linkOf(file, "") ?? "";
  element("samples", HTMLElement).append(" ", sample);
}

addEventListener("hashchange", () => void arrive());
void arrive().finally(() =>
  // Once the picture is there: keeping the page fetches all of it.
  navigator.serviceWorker?.register("service_worker.js").catch(() => {
    // a page that is not served by https is not kept
  }),
);
