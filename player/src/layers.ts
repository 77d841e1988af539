/** The human-readable layers a picture is sent as, as textsketch/layers.py has them; all numbers are integers. */

/** The layers, in the order of a file's segments. */
export const LAYERS = ["semantic", "structure", "texture"] as const;

/** Which layers a file carries, the fewest first. */
export const MODES = ["text-only", "text+sketch", "three-layer"] as const;
export type Mode = (typeof MODES)[number];

/** [width, height] in pixels. */
export type Size = readonly [width: number, height: number];
/** [rows, columns]. */
export type Shape = readonly [rows: number, columns: number];

/** The colour field as quantised cosine coefficients, see `semantic/descriptors.ts`. stepIndex: 0 to 7. */
export interface Descriptors {
  readonly coefficients: readonly number[];
  readonly stepIndex: number;
}

/** caption: null where it was not read. */
export interface Semantic {
  readonly caption: string | null;
  readonly descriptors: Descriptors | null;
}

/** A line drawing. cells: row by row, 1 on a stroke pixel, else 0. */
export interface Strokes {
  readonly kind: "strokes";
  readonly shape: Shape;
  readonly cells: Uint8Array;
}

/** [column, row], each 0 to 511, or null where a keypoint is not seen. */
export type Keypoint = readonly [column: number, row: number] | null;
/** 18 keypoints in OpenPose's order. */
export type Person = readonly Keypoint[];

export interface Skeletons {
  readonly kind: "skeletons";
  readonly people: readonly Person[];
}

/** A soft edge map as what a network draws it from. latents: channel by channel, row by row, -15 to 15. rate: 0 to 3. */
export interface SoftEdges {
  readonly kind: "soft-edges";
  readonly channels: number;
  readonly shape: Shape;
  readonly latents: Int8Array;
  readonly rate: number;
}

export type Structure = Strokes | Skeletons | SoftEdges;

/** How rough each region is. levels: row by row, 0 to 7. */
export interface Grain {
  readonly shape: Shape;
  readonly levels: Uint8Array;
}

/**
 * The colour map. coefficients: luma and two chroma planes of `shape` one behind the other, row by row, -255 to
 * 255, in the nested layout of `texture/wavelet.ts`. stepIndex: 0 to 63.
 */
export interface Texture {
  readonly shape: Shape;
  readonly coefficients: Int16Array;
  readonly stepIndex: number;
  readonly grain: Grain | null;
}

/** A picture as layers. size: of the original, each side 1 to 16384. seed: 0 to 2**32 - 1. candidate: 0 to 7. */
export interface Layers {
  readonly size: Size;
  readonly semantic: Semantic;
  readonly structure: Structure | null;
  readonly texture: Texture | null;
  readonly seed: number;
  readonly candidate: number;
}

/** The mode some layers make up. */
export function modeOf(layers: Layers): Mode {
  if (!layers.structure) return "text-only";
  return layers.texture ? "three-layer" : "text+sketch";
}

/** The sketch, or null where there is none or it is of another kind than strokes. */
export function strokesOf(layers: Layers): Strokes | null {
  return layers.structure?.kind === "strokes" ? layers.structure : null;
}
