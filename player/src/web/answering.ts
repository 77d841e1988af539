/** What both workers do: answer questions one after the other, unless a newer one has made them vain. */

import { BitstreamError, PlayerError } from "../errors";
import type { Answer, Answers, Question } from "./messages";

/** Tells how far the work is. Throws where it is in vain. */
export type Report = (share: number, doing: string) => Promise<void>;

/** Thrown where a newer question has come. */
class Overtaken extends Error {}

/** Answer the page's questions. A newer one of its kind, or a newer file, ends an older. */
export function answerWith(found: (question: Question, report: Report) => Promise<Answers[Question["ask"]]>): void {
  const newest: Partial<Record<Question["ask"], number>> = {};
  let queue = Promise.resolve();

  async function answer(number: number, question: Question): Promise<void> {
    const say = (message: Answer) => self.postMessage(message);
    const goOn = () => {
      if (Math.max(newest[question.ask] ?? 0, newest.open ?? 0) > number) throw new Overtaken();
    };
    const report: Report = async (share, doing) => {
      say({ to: number, share, doing });
      await new Promise((resolve) => setTimeout(resolve)); // hear whether there is a newer question
      goOn();
    };
    try {
      goOn();
      say({ to: number, answer: await found(question, report) });
    } catch (error) {
      if (error instanceof Overtaken) return;
      say({ to: number, failed: sentence(error), damaged: error instanceof BitstreamError });
    }
  }

  self.addEventListener("message", ({ data: [number, question] }: MessageEvent<[number, Question]>) => {
    newest[question.ask] = number;
    queue = queue.then(() => answer(number, question));
  });
}

function sentence(error: unknown): string {
  if (error instanceof PlayerError) return error.message;
  console.error(error);
  if (error instanceof RangeError) return "This picture needs more memory than there is; close other pages and try again.";
  return "Something went wrong that was not foreseen; load the page anew.";
}
