/** The canonical text of some layers, and its hash, as docs/format.md defines them. */

import { createHash } from "node:crypto";
import type { Layers, Structure } from "../src/layers";

export function canonical(layers: Layers): string {
  const { size, seed, candidate, semantic, structure, texture } = layers;
  const { descriptors } = semantic;
  return JSON.stringify({
    size,
    seed,
    candidate,
    caption: semantic.caption,
    descriptors: descriptors && { step: descriptors.stepIndex, coefficients: descriptors.coefficients },
    structure: structure && structureValues(structure),
    texture: texture && {
      step: texture.stepIndex,
      shape: [3, ...texture.shape],
      coefficients: Array.from(texture.coefficients),
      grain: texture.grain && { shape: texture.grain.shape, levels: Array.from(texture.grain.levels) },
    },
  });
}

export function digest(layers: Layers): string {
  return createHash("sha256").update(canonical(layers), "utf8").digest("hex");
}

function structureValues(structure: Structure): object {
  if (structure.kind === "strokes") {
    return { kind: "strokes", shape: structure.shape, cells: Array.from(structure.cells) };
  }
  if (structure.kind === "skeletons") return { kind: "skeletons", people: structure.people };
  return {
    kind: "soft-edges",
    rate: structure.rate,
    shape: [structure.channels, ...structure.shape],
    latents: Array.from(structure.latents),
  };
}
