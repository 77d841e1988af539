/** Asks the worker that decodes and paints. */

import { BitstreamError, PlayerError } from "../errors";
import type { Answer, Answers, Question } from "./messages";

type Report = (share: number, doing: string) => void;

const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
const waiting = new Map<number, (answer: Answer) => void>();
let asked = 0;

worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => waiting.get(data.to)?.(data));
worker.addEventListener("error", (event) => {
  event.preventDefault();
  for (const [to, take] of waiting) take({ to, failed: "A part of this page cannot be fetched; load it anew.", damaged: false });
});

/** The answer to a question, or null where a newer question came first. Throws PlayerError with a sentence. */
export function ask<Kind extends Question["ask"]>(
  question: Question & { ask: Kind }, report: Report = () => {},
): Promise<Answers[Kind] | null> {
  const number = ++asked;
  return new Promise((resolve, reject) => {
    for (const [older, take] of waiting) take({ to: older, overtaken: true });
    waiting.set(number, (answer) => {
      if ("share" in answer) return report(answer.share, answer.doing);
      waiting.delete(number);
      if ("overtaken" in answer) resolve(null);
      else if ("failed" in answer) reject(new (answer.damaged ? BitstreamError : PlayerError)(answer.failed));
      else resolve(answer.answer as Answers[Kind]);
    });
    worker.postMessage([number, question]);
  });
}
