/**
 * What the text coder spells captions with: symbols, tokens, and the case that is laid aside.
 *
 * A caption is folded to a sequence of symbols: an end-of-text sign, the 69 printable ASCII characters that are left
 * when A-Z become a-z, and one escape sign that stands for any other code point. A token is a run of symbols up to and
 * including a space or the end of the text.
 */

export const END = "\0";
export const ESCAPE = "\x1b";

/** Case patterns of a token: no capital, only the first letter, every letter (two or more), anything else. */
export const LOWER = 0;
export const CAPITALISED = 1;
export const UPPER = 2;
export const MIXED = 3;

export function isCapital(character: string): boolean {
  return character >= "A" && character <= "Z";
}

export function isSmall(character: string): boolean {
  return character >= "a" && character <= "z";
}

/** The symbol of one code point. */
export function folded(character: string): string {
  if (isCapital(character)) return character.toLowerCase();
  return character >= " " && character <= "~" ? character : ESCAPE;
}

/** For every ASCII letter of an unfolded token, whether it is a capital. */
export function caseBits(characters: readonly string[]): number[] {
  return characters.filter((c) => isCapital(c) || isSmall(c)).map((c) => (isCapital(c) ? 1 : 0));
}

/** The simplest case pattern that describes a token's `caseBits`. */
export function casePattern(bits: readonly number[]): number {
  const capitals = bits.reduce((sum, bit) => sum + bit, 0);
  if (!capitals) return LOWER;
  if (bits[0] && capitals === 1) return CAPITALISED;
  return capitals === bits.length ? UPPER : MIXED;
}

/** The class of a folded character, 0 to 5: letter, space, full stop, comma, digit, other. */
export function characterClass(character: string): number {
  if (isSmall(character)) return 0;
  if (character >= "0" && character <= "9") return 4;
  const index = " .,".indexOf(character);
  return index < 0 ? 5 : index + 1;
}

/** Stands for the class of the character before the first one. */
export const START_CLASS = 6;

/** How far into a text a position is, 0 to 7 in half octaves of 8 characters. */
export function lengthLevel(characters: number): number {
  const ratio = (characters + 8) ** 2;
  let level = 0;
  while (level < 7 && ratio >= 64 << (level + 1)) level++;
  return level;
}

/** The number of a style context, below 256. */
export function styleContext(beginsLower: boolean, periodSeen: boolean, level: number, previousClass: number): number {
  return (((beginsLower ? 2 : 0) + (periodSeen ? 1 : 0)) * 8 + level) * 8 + previousClass;
}
