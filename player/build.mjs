// `node build.mjs` builds what dist/ holds beside the tables; `node build.mjs tests [FOLDER]` what node runs in tests.

import { createHash } from "node:crypto";
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import { build } from "esbuild";

// Where packages lie must not matter: their paths go into names.
const common = {
  bundle: true,
  format: "esm",
  target: "es2022",
  logLevel: "warning",
  loader: { ".tsk": "binary" },
  preserveSymlinks: true,
};

// WebAssembly that is fetched only where it is used, as gzip files, since most servers pack none. Their names do not
// say so: some servers would have the browser unpack what ends in .gz.
const PACKED = {
  "zxing.bin": "node_modules/zxing-wasm/dist/reader/zxing_reader.wasm",
  "onnxruntime.bin": "node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm",
};
// What tables.py makes.
const TABLES = ["tables.bin", "words.bin"];
// What the page can do without a network only once it was used: the brush.
const LATER = /^(networks-.*\.js|onnxruntime\.bin)$/;

if (process.argv[2] === "tests") {
  const tests = readdirSync("tests").filter((name) => name.endsWith(".ts"));
  await build({
    ...common,
    entryPoints: tests.map((name) => `tests/${name}`),
    outdir: process.argv[3] ?? "build/tests",
    platform: "node",
    sourcemap: "inline",
  });
} else {
  for (const name of readdirSync("dist")) if (!TABLES.includes(name) && !(name in PACKED)) rmSync(`dist/${name}`);
  const web = { ...common, minify: true, outdir: "dist", entryNames: "[name]" };
  await build({
    ...web,
    entryPoints: ["src/web/page.ts", "src/web/worker.ts", "src/web/code_worker.ts"],
    splitting: true,
    chunkNames: "[name]-[hash]",
  });
  // Apart, so that the worker that paints waits for no file it shares with this one.
  await build({ ...web, entryPoints: ["src/web/words_worker.ts"] });
  for (const name of ["index.html", "style.css"]) copyFileSync(`src/web/${name}`, `dist/${name}`);
  for (const [name, from] of Object.entries(PACKED)) pack(`dist/${name}`, readFileSync(from));
  const files = readdirSync("dist").filter((name) => !LATER.test(name)).sort();
  const hash = createHash("sha256");
  for (const name of files) hash.update(name).update(readFileSync(`dist/${name}`));
  await build({
    ...web,
    entryPoints: ["src/web/service_worker.ts"],
    define: { FILES: JSON.stringify(["./", ...files]), BUILD: JSON.stringify(hash.digest("hex").slice(0, 12)) },
  });
}

/** Write a gzip file, unless it holds the same already: node's versions pack differently. */
function pack(path, data) {
  if (existsSync(path) && gunzipSync(readFileSync(path)).equals(data)) return;
  writeFileSync(path, gzipSync(data, { level: 9 }));
}
