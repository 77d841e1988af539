/**
 * A .tsk file in a link: the file itself is the link's last part, so that nothing has to be stored anywhere.
 *
 *     link    = address ("?" | "&") "tsk=" payload    the app's
 *             | address "#" payload                   this player's: what follows # is never sent
 *     payload = base64url without padding | decimal digits, see `digits`
 */

import { LinkError } from "../errors";
import { bytesOf } from "./digits";

/** Of a file in a link: what browsers, mail and chat pass on whole. */
export const MAX_FILE_BYTES = 3_000;

const MAX_TEXT = 10_000; // an address and the digits of the largest file
const FIELD = /[?&]tsk=([^&#]*)/;
const BASE64URL = /^[A-Za-z0-9_-]+$/;

/** The link that opens a file at an address; null if the file is too large for one. */
export function linkOf(tsk: Uint8Array, address: string): string | null {
  if (tsk.length > MAX_FILE_BYTES) return null;
  const base64 = btoa(String.fromCharCode(...tsk));
  return `${address}#${base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
}

/** Whether a text means to be a link with a file in it; it may be broken. */
export function isLink(text: string): boolean {
  return /^(#|https?:\/\/)/.test(text.trim()) || FIELD.test(text);
}

/** The file in a link: `...?tsk=payload`, `...#payload`, or the payload alone. Throws LinkError if it holds none. */
export function tskIn(text: string): Uint8Array {
  if (text.length > MAX_TEXT) throw new LinkError("This is too long for a link of textsketch's; bring the .tsk file itself.");
  const trimmed = text.trim();
  const field = FIELD.exec(trimmed)?.[1];
  const payload = (field === undefined ? trimmed.slice(trimmed.lastIndexOf("#") + 1) : unescaped(field)).replace(/=+$/, "");
  if (!BASE64URL.test(payload)) {
    throw new LinkError("There is no picture in this link; copy the whole link again, up to its last character.");
  }
  const data = /^[0-9]+$/.test(payload) ? bytesOf(payload) : fromBase64(payload);
  if (!data) {
    throw new LinkError("The picture in this link is cut or changed; copy the whole link again, up to its last character.");
  }
  return data;
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function fromBase64(payload: string): Uint8Array | null {
  try {
    const text = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(text, (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}
