/** Finds and makes the page's elements. */

import type { Picture } from "./messages";

/** The element with an id, of the class given. */
export function element<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new TypeError(`the page has no ${id}`);
  return found;
}

/** A new element with some text or some others in it. */
export function made<Name extends keyof HTMLElementTagNameMap>(
  name: Name, className: string, ...inside: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const out = document.createElement(name);
  out.className = className;
  out.append(...inside);
  return out;
}

/** Put a picture on a canvas. */
export function put(picture: Picture, canvas: HTMLCanvasElement): void {
  [canvas.width, canvas.height] = [picture.width, picture.height];
  canvas.getContext("2d")?.putImageData(new ImageData(picture.pixels, picture.width, picture.height), 0, 0);
}

/** A number of bytes for people. */
export function byteCount(bytes: number): string {
  return bytes === 1 ? "1 byte" : `${bytes.toLocaleString("en")} bytes`;
}
