// `node build.mjs` builds what dist/ holds beside the tables; `node build.mjs tests` what node's runner runs.

import { readdirSync } from "node:fs";
import { build } from "esbuild";

const common = { bundle: true, format: "esm", target: "es2022", logLevel: "warning" };

if (process.argv[2] === "tests") {
  const tests = readdirSync("tests").filter((name) => name.endsWith(".ts"));
  await build({
    ...common,
    entryPoints: tests.map((name) => `tests/${name}`),
    outdir: "build/tests",
    platform: "node",
    sourcemap: "inline",
  });
} else {
  await build({ ...common, entryPoints: ["src/decoder.ts"], outdir: "dist", minify: true });
}
