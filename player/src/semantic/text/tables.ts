/**
 * The text coder's tables: vocabulary, context counts, mixing weights.
 *
 * A model is a list of contexts; a context is a list of (id, level), where the id is a vocabulary id or a symbol and the
 * level a count in half octaves. The file has them in the order that packs best (frequent ids first); here every
 * context is sorted by id, so that a range of ids is a slice.
 */

import type { Column, Tables } from "../../codestream/tables";
import { END } from "./alphabet";

/** What a stored level counts as: exact up to six, then in half octaves. */
const COUNT_OF_LEVEL = Int32Array.of(
  ...[1, 2, 3, 4, 5, 6],
  ...Array.from({ length: 32 }, (_, index) => Math.round(2 ** ((index + 6) / 2))),
);
/** Small numbers are one byte below this, larger ones have a second column of low bytes. */
const BYTE_LIMIT = 96;
const LEVEL_BITS = 6;
const ID_BITS = 15;

/**
 * One set of contexts, flattened. Context c owns entries start[c] to start[c + 1]. ids: ascending within a context.
 * cumulative: sum of the counts of all entries before each entry, and of all.
 */
export interface Model {
  readonly start: Int32Array;
  readonly ids: Int32Array;
  readonly cumulative: Int32Array;
}

/** Tokens as symbol numbers, ascending. Token t is bytes[begin[t]] to bytes[begin[t + 1]]. */
export interface Vocabulary {
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly begin: Int32Array;
}

/** symbols: the folded characters in the order of the decision tree's leaves. cut: by low * 128 + high, where the tree
 * cuts that range of symbols in two. words: W0, W1, W2, W3, S2. orders: of the last 1 to 5 symbols. */
export interface TextTables {
  readonly symbols: string;
  readonly cut: Uint8Array;
  readonly vocabulary: Vocabulary;
  readonly words: { readonly [name in "W0" | "W1" | "W2" | "W3" | "S2"]: Model };
  readonly orders: readonly Model[];
  readonly style: Model;
}

interface Entries {
  readonly start: Int32Array;
  readonly ids: Int32Array;
  readonly levels: Uint8Array;
}

/** The tables as the text coder reads them: made once, about a tenth of a second. */
export function textTables(tables: Tables): TextTables {
  return tables.made(readText);
}

function readText(tables: Tables): TextTables {
  const column = (name: string) => tables.get(`text_counts.${name}`);
  const small = (name: string) => joinSmallNumbers(column(name), column(`${name}_low`));
  const levels = (name: string) => column(`${name}.levels`) as Uint8Array;

  const symbols = String.fromCharCode(...column("symbols"));
  const cut = new Uint8Array(128 * 128);
  const splits = column("splits");
  for (let index = 0; index < splits.length; index += 3) {
    cut[splits[index] * 128 + splits[index + 2]] = splits[index + 1];
  }
  const ends = [symbols.indexOf(" "), symbols.indexOf(END)];
  const vocabulary = readVocabulary(column("vocabulary.shared"), column("vocabulary.suffixes"), ends);

  const unigram: Entries = {
    start: Int32Array.of(0, vocabulary.size),
    ids: Int32Array.from({ length: vocabulary.size }, (_, id) => id),
    levels: levels("W0"),
  };
  const byFrequency = frequencyOrder(unigram.levels, 2);

  /** Packed numbers are ranks by frequency. */
  const readWords = (name: string): Entries => {
    const start = starts(small(`${name}.lengths`));
    const ids = runningSums(small(`${name}.ids`), start);
    for (let entry = 0; entry < ids.length; entry++) ids[entry] = byFrequency[ids[entry]];
    return sorted(start, ids, levels(name));
  };
  /** Packed numbers are ranks within what W1 knows to follow the last token. */
  const readNested = (name: string, lastToken: Int32Array, w1: Entries, w1Ranked: Int32Array): Entries => {
    const start = starts(small(`${name}.lengths`));
    const ids = runningSums(small(`${name}.ids`), start);
    for (let context = 0; context + 1 < start.length; context++) {
      const first = w1.start[lastToken[context]];
      for (let entry = start[context]; entry < start[context + 1]; entry++) ids[entry] = w1Ranked[first + ids[entry]];
    }
    return sorted(start, ids, levels(name));
  };

  const w1 = readWords("W1");
  const w1Ranked = rankedIds(w1);
  const w2 = readNested("W2", w1.ids, w1, w1Ranked);
  const w3 = readNested("W3", w2.ids, w1, w1Ranked);
  const characters = (name: string) =>
    model({ start: starts(small(`${name}.lengths`)), ids: new Int32Array(column(`${name}.ids`)), levels: levels(name) });
  return {
    symbols,
    cut,
    vocabulary,
    words: { W0: model(unigram), W1: model(w1), W2: model(w2), W3: model(w3), S2: model(readWords("S2")) },
    orders: ["O1", "O2", "O3", "O4", "O5"].map(characters),
    style: characters("ST"),
  };
}

/** Undoes the packing of small numbers into a column of first bytes and one of low bytes. */
function joinSmallNumbers(first: Column, second: Column): Int32Array {
  const values = new Int32Array(first);
  let next = 0;
  for (let index = 0; index < values.length; index++) {
    if (values[index] >= BYTE_LIMIT) values[index] = ((values[index] - BYTE_LIMIT) << 8) + second[next++];
  }
  return values;
}

/** [0, sums of the first 1, 2, ... and all lengths]. */
function starts(lengths: ArrayLike<number>): Int32Array {
  const sums = new Int32Array(lengths.length + 1);
  for (let index = 0; index < lengths.length; index++) sums[index + 1] = sums[index] + lengths[index];
  return sums;
}

/** Undoes delta coding, which begins anew in every context, in place. */
function runningSums(deltas: Int32Array, start: Int32Array): Int32Array {
  for (let context = 0; context + 1 < start.length; context++) {
    for (let entry = start[context] + 1; entry < start[context + 1]; entry++) deltas[entry] += deltas[entry - 1];
  }
  return deltas;
}

/** Vocabulary ids, the most frequent first, ties by id; `extra` ids that are only contexts come last. */
function frequencyOrder(levels: Uint8Array, extra: number): Int32Array {
  const keys = Int32Array.from(levels, (level, id) => (((1 << LEVEL_BITS) - 1 - level) << ID_BITS) | id).sort();
  const order = new Int32Array(levels.length + extra);
  for (let rank = 0; rank < order.length; rank++) {
    order[rank] = rank < levels.length ? keys[rank] & ((1 << ID_BITS) - 1) : rank;
  }
  return order;
}

/** A model's ids, the most frequent first in each context, ties by id. */
function rankedIds({ start, ids, levels }: Entries): Int32Array {
  const keys = new Int32Array(ids.length);
  const [highest, id] = [(1 << LEVEL_BITS) - 1, (1 << ID_BITS) - 1];
  for (let entry = 0; entry < keys.length; entry++) keys[entry] = ((highest - levels[entry]) << ID_BITS) | ids[entry];
  sortEach(keys, start);
  for (let entry = 0; entry < keys.length; entry++) keys[entry] &= id;
  return keys;
}

/** Sorts every context by id, `ids` in place: what is thrown away at the start costs as much as what is computed. */
function sorted(start: Int32Array, ids: Int32Array, levels: Uint8Array): Entries {
  for (let entry = 0; entry < ids.length; entry++) ids[entry] = (ids[entry] << LEVEL_BITS) | levels[entry];
  sortEach(ids, start);
  const sortedLevels = new Uint8Array(ids.length);
  const level = (1 << LEVEL_BITS) - 1;
  for (let entry = 0; entry < ids.length; entry++) {
    sortedLevels[entry] = ids[entry] & level;
    ids[entry] >>= LEVEL_BITS;
  }
  return { start, ids, levels: sortedLevels };
}

/** Sorts keys within each context; most contexts have a handful of them, which insertion sorts fastest. */
function sortEach(keys: Int32Array, start: Int32Array): void {
  for (let context = 0; context + 1 < start.length; context++) {
    const begin = start[context];
    const end = start[context + 1];
    if (end - begin < 2) continue;
    if (end - begin > 24) {
      keys.subarray(begin, end).sort();
      continue;
    }
    for (let entry = begin + 1; entry < end; entry++) {
      const key = keys[entry];
      let place = entry;
      for (; place > begin && keys[place - 1] > key; place--) keys[place] = keys[place - 1];
      keys[place] = key;
    }
  }
}

function model({ start, ids, levels }: Entries): Model {
  const cumulative = new Int32Array(levels.length + 1);
  for (let entry = 0; entry < levels.length; entry++) {
    cumulative[entry + 1] = cumulative[entry] + COUNT_OF_LEVEL[levels[entry]];
  }
  return { start, ids, cumulative };
}

/** Undoes front coding: each token shares some first bytes with the one before and closes with an end sign. */
function readVocabulary(shared: Column, suffixes: Column, ends: number[]): Vocabulary {
  const size = shared.length;
  const begin = new Int32Array(size + 1);
  let total = suffixes.length;
  for (const length of shared) total += length;
  const bytes = new Uint8Array(total);
  let next = 0;
  for (let token = 0; token < size; token++) {
    let to = begin[token];
    const before = token ? begin[token - 1] : 0;
    for (let index = 0; index < shared[token]; index++) bytes[to++] = bytes[before + index];
    do bytes[to++] = suffixes[next];
    while (!ends.includes(suffixes[next++]));
    begin[token + 1] = to;
  }
  return { size, bytes, begin };
}
