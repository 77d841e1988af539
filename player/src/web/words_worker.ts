/** Reads captions, beside the worker that paints: nothing waits for the tables of words but words. */

import { captionOf } from "../bitstream";
import { readTables } from "../codestream/tables";
import { answerWith } from "./answering";
import { fetched, once } from "./files";

const tables = once(() => fetched("words.bin").then(readTables));

answerWith(async (question) => {
  if (question.ask !== "caption") throw new TypeError("captions alone are read here");
  return captionOf(question.data, await tables());
});
