/** The line that tells what the page does, or what went wrong. */

import { element } from "./elements";

const status = element("status", HTMLElement);

export function say(sentence: string, how: "" | "told" | "failed" = ""): void {
  status.textContent = sentence;
  status.className = how;
}

export function sayNothing(): void {
  say("");
}

/** Take back what was said of work that is done; what went wrong stays. */
export function progressEnds(): void {
  if (!status.className) sayNothing();
}
