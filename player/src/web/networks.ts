/** The painter's small networks, run by onnxruntime. Fetched only where a picture is painted with the brush. */

import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import type { Network, Networks } from "../render/painter/small_networks";
import { fetched, unzipped } from "./files";

const loaded = new Map<string, Promise<Network>>();
let runtime: Promise<void> | null = null;

export const networks: Networks = async (name) => {
  runtime ??= unzipped("onnxruntime.bin").then((binary) => {
    env.wasm.numThreads = 1; // more would need a page that is cut off from all others
    env.wasm.wasmBinary = binary;
  });
  const found = loaded.get(name) ?? runtime.then(() => load(`${name}.onnx`));
  loaded.set(name, found);
  return found.catch((error: unknown) => {
    loaded.delete(name); // the next painting tries again
    runtime = null;
    throw error;
  });
};

async function load(file: string): Promise<Network> {
  const session = await InferenceSession.create(await fetched(file), { executionProviders: ["wasm"] });
  const [[given], [made]] = [session.inputNames, session.outputNames];
  return async ({ shape, values }) => {
    const channels = values.length / (shape[0] * shape[1]);
    const answer = await session.run({ [given]: new Tensor("float32", values, [1, channels, ...shape]) });
    const painted = answer[made];
    return { shape: [painted.dims[2], painted.dims[3]], values: painted.data as Float32Array };
  };
}
