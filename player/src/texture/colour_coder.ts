/** Codes a texture: the colour map's integers and the grain map. */

import { baseLevel, baseShape, levelShapes } from "../codestream/grids";
import type { Tables } from "../codestream/tables";
import { Decoder, Encoder, type ValueCoder } from "../entropy/range_coder";
import { BitstreamError } from "../errors";
import { type Layers, type Shape, type Texture, strokesOf } from "../layers";
import { ColourModel } from "./colour_model";
import { finestLevel, passes } from "./contexts";
import { codeGrain } from "./grain";

const STEP_COUNT = 64;
const PLANES = [0, 1, 2] as const;
const COEFFICIENTS_PER_BYTE = 4;
const COEFFICIENTS_FOR_FREE = 64;

/** Codes a texture over the layers below it: the picture's size and sketch. */
export function pack(texture: Texture, below: Layers, tables: Tables): Uint8Array {
  const encoder = new Encoder();
  const shapes = codedShapes(below);
  const { shape, coefficients } = texture;
  const finest = PLANES.map((plane) => finestLevel(coefficients, plane * shape[0] * shape[1], shape[1], shapes));
  codeHead(encoder, [texture.stepIndex, ...finest], shapes.length);
  const model = new ColourModel(encoder, tables);
  let needed = -COEFFICIENTS_FOR_FREE;
  for (const part of passes(coefficients, shape, shapes, finest, texture.stepIndex, strokesOf(below))) {
    needed += model.codePass(part, false);
  }
  codeGrain(encoder, texture.grain, below.size);
  const payload = encoder.finish();
  // Zero bytes change nothing a decoder reads; hardly any picture has coefficients cheap enough to need them.
  const padded = new Uint8Array(Math.max(payload.length, Math.ceil(needed / COEFFICIENTS_PER_BYTE)));
  padded.set(payload);
  return padded;
}

/**
 * Any bytes give a texture or BitstreamError. There are at most `COEFFICIENTS_PER_BYTE` coefficients other than 0 for
 * each byte, so that a few hostile bytes cannot ask for much work.
 */
export function unpack(data: Uint8Array, below: Layers, tables: Tables): Texture {
  const decoder = new Decoder(data);
  const shapes = codedShapes(below);
  const shape = baseShape(below.size);
  const coefficients = new Int16Array(3 * shape[0] * shape[1]);
  const [stepIndex, ...finest] = codeHead(decoder, [0, 0, 0, 0], shapes.length);
  const model = new ColourModel(decoder, tables);
  let left = COEFFICIENTS_FOR_FREE + COEFFICIENTS_PER_BYTE * data.length;
  for (const part of passes(coefficients, shape, shapes, finest, stepIndex, strokesOf(below))) {
    left -= model.codePass(part, true);
    if (left < 0) throw new BitstreamError("the colour map is damaged: it holds more than its bytes can");
  }
  return { shape, coefficients, stepIndex, grain: codeGrain(decoder, null, below.size) };
}

function codedShapes(layers: Layers): Shape[] {
  return levelShapes(layers.size).slice(baseLevel(layers.size));
}

/** Codes the quantiser step and each plane's finest level. */
function codeHead(coder: ValueCoder, [stepIndex, ...finest]: readonly number[], levelCount: number): number[] {
  return [coder.uniform(stepIndex, STEP_COUNT), ...finest.map((level) => coder.uniform(level, levelCount + 1))];
}
