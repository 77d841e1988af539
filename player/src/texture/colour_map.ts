/** The colour map: wavelet coefficients of what the descriptors' field leaves over, stopped at strokes. */

import { baseLevel, levelShapes } from "../codestream/grids";
import type { Planes } from "../image/planes";
import { type Layers, type Shape, strokesOf, type Texture } from "../layers";
import { colourField } from "../semantic/colour_field";
import { barriers } from "../structure/barriers";
import { StrokeWavelet } from "./wavelet";

/** How much nearer to zero than the middle of its quantiser cell a value is taken to lie, in cells. */
const SHRINKAGE = Math.fround(0.06);

/** Width of a quantiser cell in units of an orthonormal coefficient of a 512-pixel picture. */
function quantiserStep(index: number): number {
  return 6 * 2 ** (index / 8);
}

/** Add the colour map to planes of the size of the picture halved `skipped` times. */
export function addColourMap({ rows, columns, samples }: Planes, layers: Layers, texture: Texture, skipped: number): void {
  const strokes = strokesOf(layers);
  const cut = strokes?.cells.some((cell) => cell !== 0) ? barriers(strokes, rows, columns) : null;
  const wavelet = new StrokeWavelet([rows, columns], cut);
  const step = (quantiserStep(texture.stepIndex) * Math.max(...layers.size)) / 512;
  const [found, across] = texture.shape;
  const shape: Shape = Math.max(found, across) > Math.max(rows, columns) ? [rows, columns] : texture.shape;
  const scale = 0.5 ** skipped;
  samples.forEach((plane, index) => {
    const coefficients = new Float32Array(shape[0] * shape[1]);
    for (let row = 0; row < shape[0]; row++) {
      for (let column = 0; column < shape[1]; column++) {
        const value = texture.coefficients[(index * found + row) * across + column];
        coefficients[row * shape[1] + column] = (value - SHRINKAGE * Math.sign(value)) * step;
      }
    }
    const painted = wavelet.inverse(coefficients, shape);
    for (let at = 0; at < plane.length; at++) plane[at] = plane[at] + painted[at] * scale;
  });
}

/** The colour map as a picture, at most 512 pixels along its longer side. */
export function colourMap(layers: Layers, texture: Texture): Planes {
  const level = baseLevel(layers.size);
  const [rows, columns] = levelShapes(layers.size)[level];
  const planes = colourField(layers.semantic.descriptors, rows, columns, layers.size);
  addColourMap(planes, layers, texture, level);
  return planes;
}
