/** What the page asks of its workers, and what it is told. */

import type { Header, Segment } from "../bitstream";
import type { Size } from "../layers";

export type Question =
  /** Read a file; forget the one before. */
  | { readonly ask: "open"; readonly data: Uint8Array }
  /** Paint the first `layers` layers of the file, plainly or with the brush. */
  | { readonly ask: "paint"; readonly layers: number; readonly brush: boolean }
  /** Show the lines and the colours as they stand in the file. */
  | { readonly ask: "layers" }
  /** The last painting at the picture's own size. */
  | { readonly ask: "full" }
  /** The caption of a file, perhaps none; of another worker. */
  | { readonly ask: "caption"; readonly data: Uint8Array };

/** Red, green, blue and 255 for every pixel. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}

/**
 * What is in a file. data: the sound part of it, all that is shown. lost: what of a damaged file is left out, a
 * sentence. invented: by layers painted, what the brush would add that was not sent, a sentence, or null.
 */
export interface Opened {
  readonly data: Uint8Array;
  readonly size: Size;
  readonly kind: Header["kind"];
  readonly hasDescriptors: boolean;
  readonly headerBytes: number;
  readonly segments: readonly Pick<Segment, "name" | "sizeBytes">[];
  readonly lost: string | null;
  readonly invented: readonly (string | null)[];
}

/** Layers as they stand in the file. colours: without a colour map what the descriptors say. */
export interface Drawn {
  readonly lines: Picture | null;
  readonly colours: Picture | null;
}

/** What answers which question. */
export interface Answers {
  open: Opened;
  caption: string;
  paint: Picture;
  layers: Drawn;
  full: Picture;
}

export type Answer =
  | { readonly to: number; readonly answer: Answers[Question["ask"]] }
  | { readonly to: number; readonly share: number; readonly doing: string }
  | { readonly to: number; readonly failed: string; readonly damaged: boolean }
  | { readonly to: number; readonly overtaken: true };
