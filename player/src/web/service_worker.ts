/** Keeps the page on the device, so that it works without a network. The brush is kept once it was used. */

/** Names of the page's files, and what they are at this moment; the build fills them in. */
declare const FILES: readonly string[];
declare const BUILD: string;

interface Waiting extends Event {
  waitUntil(done: Promise<unknown>): void;
}

interface Fetching extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

interface Here {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(name: "install" | "activate", listen: (event: Waiting) => void): void;
  addEventListener(name: "fetch", listen: (event: Fetching) => void): void;
}

const here = self as unknown as Here;
const KEPT = `textsketch-player-${BUILD}`;

here.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(KEPT)
      .then((kept) => kept.addAll(FILES.map((name) => new Request(name, { cache: "no-cache" }))))
      .then(() => here.skipWaiting()),
  );
});

here.addEventListener("activate", (event) => {
  const others = caches.keys().then((names) => names.filter((name) => name.startsWith("textsketch-player-") && name !== KEPT));
  event.waitUntil(
    others.then((names) => Promise.all(names.map((name) => caches.delete(name)))).then(() => here.clients.claim()),
  );
});

here.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(here.registration.scope)) return;
  event.respondWith(answer(request));
});

async function answer(request: Request): Promise<Response> {
  const kept = await caches.open(KEPT);
  // What follows ? in the page's address is not another page; and whoever asks gets the same, whatever servers say.
  const found = await kept.match(request, { ignoreSearch: true, ignoreVary: true });
  if (found && isOfBuild(request.url)) return found;
  try {
    const response = await fetch(request);
    if (response.ok && response.type === "basic")
      await kept.put(request, response.clone()).catch(() => {}); // where there is no room it is fetched each time
    return response;
  } catch (error) {
    if (found) return found;
    throw error;
  }
}

/** Whether a file is one of the build's, which changes with it; the networks are the package's. */
function isOfBuild(url: string): boolean {
  const [address] = url.split(/[?#]/);
  return FILES.some((name) => new URL(name, here.registration.scope).href === address);
}
