/**
 * Shading: the brush for sketches, a small network that paints light and colour between the lines.
 *
 * Lines become what they are of, edges of light and colour. What it is given says `shading_inputs`. What it paints may
 * differ by a level between machines.
 */

import { emptyPlanes, fromRgb, type Planes } from "../../image/planes";
import { resize } from "../../image/resize";
import { type Layers, type Shape, strokesOf } from "../../layers";
import { colourField } from "../../semantic/colour_field";
import { inputs, shapeFor, sketchOf } from "./shading_inputs";
import { asPlanes, cut, type Network } from "./small_networks";

/** Pixels the picture is moved by under the cells: the mean of what is painted has no dots. */
const SHIFTS: readonly Shape[] = [[0, 0], [2, 2], [0, 2], [2, 0]];
/** A page of text or a line drawing is told by the share of white in a field of so many samples a side. */
const [LOOK, WHITE, PAPER] = [24, 95, 0.65];

/** Whether the layers are a sketch to shade: strokes, no colour map, and not what is drawn on white paper. */
export function shades(layers: Layers): boolean {
  const strokes = strokesOf(layers);
  if (layers.texture || !strokes?.cells.some((cell) => cell !== 0)) return false;
  const luma = colourField(layers.semantic.descriptors, LOOK, LOOK, layers.size).samples[0];
  return luma.filter((value) => value > WHITE).length / luma.length < PAPER;
}

/** A sketch painted at rows x columns pixels. */
export async function shaded(
  layers: Layers, rows: number, columns: number, network: Network, report: (share: number) => void,
): Promise<Planes> {
  const strokes = strokesOf(layers);
  if (!strokes) throw new TypeError("only strokes are shaded");
  const shape = shapeFor(layers.size);
  const sketch = sketchOf(layers.semantic.descriptors, strokes, layers.size);
  const painted = emptyPlanes(...shape);
  for (const [done, shift] of SHIFTS.entries()) {
    const fresh = asPlanes(cut(await network(inputs(sketch, shift)), ...shift, shape));
    painted.samples.forEach((plane, index) => {
      for (let at = 0; at < plane.length; at++) plane[at] += fresh.samples[index][at] / SHIFTS.length;
    });
    report((done + 1) / SHIFTS.length);
  }
  const planes = fromRgb(painted, 1);
  if (rows === shape[0] && columns === shape[1]) return planes;
  const how = rows * columns < shape[0] * shape[1] ? "area" : "cubic";
  const [luma, blue, red] = planes.samples.map((plane) => resize(plane, shape, [rows, columns], how));
  return { rows, columns, samples: [luma, blue, red] };
}
