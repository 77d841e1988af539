/** Asks the workers: one that decodes and paints, another that reads captions. */

import { BitstreamError, PlayerError } from "../errors";
import type { Answer, Answers, Question } from "./messages";

type Report = (share: number, doing: string) => void;

interface Waiting {
  readonly ask: Question["ask"];
  readonly take: (answer: Answer) => void;
}

class Desk {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;

  constructor(script: string) {
    this.#worker = new Worker(new URL(script, import.meta.url), { type: "module" });
    this.#worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => this.#waiting.get(data.to)?.take(data));
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault();
      const failed = "A part of this page cannot be fetched; load it anew.";
      for (const [to, { take }] of this.#waiting) take({ to, failed, damaged: false });
    });
  }

  /**
   * The answer to a question, or null where a newer one of its kind, or a newer file, came first. Throws PlayerError
   * with a sentence.
   */
  ask<Kind extends Question["ask"]>(
    question: Question & { ask: Kind }, report: Report = () => {},
  ): Promise<Answers[Kind] | null> {
    const number = ++this.#asked;
    return new Promise((resolve, reject) => {
      for (const [to, { ask, take }] of this.#waiting)
        if (question.ask === "open" || question.ask === ask) take({ to, overtaken: true });
      const take = (answer: Answer) => {
        if ("share" in answer) return report(answer.share, answer.doing);
        this.#waiting.delete(number);
        if ("overtaken" in answer) resolve(null);
        else if ("failed" in answer) reject(new (answer.damaged ? BitstreamError : PlayerError)(answer.failed));
        else resolve(answer.answer as Answers[Kind]);
      };
      this.#waiting.set(number, { ask: question.ask, take });
      this.#worker.postMessage([number, question]);
    });
  }
}

export const painter = new Desk("worker.js");
let reader: Desk | null = null;

/** The caption of a file, which no picture waits for: its tables are by far the largest. As `Desk.ask`. */
export function captionIn(data: Uint8Array): Promise<string | null> {
  reader ??= new Desk("words_worker.js");
  return reader.ask({ ask: "caption", data });
}
