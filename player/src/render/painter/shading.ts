/**
 * Shading: the brush for sketches, a small network that paints light and colour between the lines.
 *
 * Lines become what they are of, edges of light and colour. What it is given says `shading_inputs`. What it paints may
 * differ by a level between machines.
 */

import { gaussianBlur, medians } from "../../image/blur";
import { fromRgb, type Planes } from "../../image/planes";
import { resize } from "../../image/resize";
import { type Layers, strokesOf } from "../../layers";
import { colourField } from "../../semantic/colour_field";
import { lineMask } from "../../structure/line_drawing";
import { addNoise } from "../../texture/grain_noise";
import { isColourless } from "./brush";
import { inputs, LINE_WIDTH, shapeFor } from "./shading_inputs";
import { asPlanes, cut, type Network } from "./small_networks";

/** Grain in grey levels: everywhere, and where lines cover all, by their density this many pixels around. */
const [EVERYWHERE, AMONG_LINES, AROUND] = [1.6, 20, 24];
/** Pixels along a side of the squares whose median is shown: the network's combs of fine streaks are thinner than half. */
const MEDIAN = 5;
/** A page of text or a line drawing is told by the share of white in a field of so many samples a side, */
const [LOOK, WHITE, PAPER] = [24, 95, 0.65];
/** and by how few are so far from the paper's colour. */
const [COLOURFUL, COLOURED] = [20, 0.05];
/** Samples as bright as that are the paper. */
const PAPER_QUANTILE = 0.8;
/** How far, in levels of each plane, a field is beside its paper and yet nothing but clouds. */
const CLOUD_LEVELS = [12, 4, 4];

/** Whether the layers are a sketch to shade: strokes, no colour map, and not what is drawn on white paper. */
export function shades(layers: Layers): boolean {
  const strokes = strokesOf(layers);
  if (layers.texture || !strokes?.cells.some((cell) => cell !== 0)) return false;
  return !paperOf(layers);
}

/** The colour of the paper of a text or a line drawing: there, lines are the picture. Null of anything else. */
function paperOf(layers: Layers): number[] | null {
  const [luma, ...colours] = colourField(layers.semantic.descriptors, LOOK, LOOK, layers.size).samples;
  const brightness = Float32Array.from(luma).sort()[Math.floor(PAPER_QUANTILE * luma.length)];
  const tint = colours.map((colour) => {
    const ofPaper = colour.filter((_, at) => luma[at] >= brightness).sort();
    return ofPaper[ofPaper.length >> 1];
  });
  const share = (those: (at: number) => boolean) => luma.filter((_, at) => those(at)).length / luma.length;
  const coloured = share((at) => colours.some((colour, index) => Math.abs(colour[at] - tint[index]) > COLOURFUL));
  if (share((at) => luma[at] > WHITE) < PAPER || coloured > COLOURED) return null;
  return [brightness, ...tint];
}

/** Take out of a drawing's field, in place, the clouds of few descriptors beside its paper. */
export function evenOutPaper({ samples }: Planes, layers: Layers): void {
  const paper = paperOf(layers);
  if (!paper) return;
  samples.forEach((plane, index) => {
    const [even, levels] = [paper[index], CLOUD_LEVELS[index]];
    for (let at = 0; at < plane.length; at++) {
      const beside = plane[at] - even;
      plane[at] = even + beside - Math.min(Math.max(beside, -levels), levels);
    }
  });
}

/** A sketch painted at rows x columns pixels. */
export async function shaded(
  layers: Layers, rows: number, columns: number, network: Network, report: (share: number) => void | Promise<void>,
): Promise<Planes> {
  const strokes = strokesOf(layers);
  if (!strokes) throw new TypeError("only strokes are shaded");
  const shape = shapeFor(layers.size);
  const painted = await network(inputs(layers.semantic.descriptors, strokes, layers.size));
  await report(1);
  const planes = fromRgb(asPlanes(cut(painted, 0, 0, shape)), 1);
  planes.samples.forEach((plane) => plane.set(medians(plane, ...shape, MEDIAN)));
  const [, ...colours] = colourField(layers.semantic.descriptors, ...shape, layers.size).samples;
  if (isColourless(colours)) colours.forEach((plane, index) => planes.samples[index + 1].set(plane));
  if (rows === shape[0] && columns === shape[1]) return planes;
  const how = rows * columns < shape[0] * shape[1] ? "area" : "cubic";
  const [luma, blue, red] = planes.samples.map((plane) => resize(plane, shape, [rows, columns], how));
  return { rows, columns, samples: [luma, blue, red] };
}

/** Grain for a shaded sketch of rows x columns pixels: stronger where lines are dense. */
export function addShadedGrain(luma: Float32Array, layers: Layers, rows: number, columns: number): void {
  const strokes = strokesOf(layers);
  if (!strokes) throw new TypeError("only strokes are shaded");
  const shape = shapeFor(layers.size);
  const density = gaussianBlur(lineMask(strokes, ...shape, LINE_WIDTH), ...shape, AROUND);
  const levels = density.map((dense) => EVERYWHERE + AMONG_LINES * dense);
  addNoise(luma, rows, columns, levels, shape, layers.seed);
}
