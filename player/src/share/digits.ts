/**
 * Bytes as decimal digits, which a QR code packs ten bits to three: 0.4 % more than the bytes themselves.
 *
 * Each block of 71 bytes is one number, the first byte the highest, in 171 digits with zeros in front; the last block,
 * of k bytes, has as many digits as 256^k - 1.
 */

const BLOCK_BYTES = 71;

const DIGITS = Array.from({ length: BLOCK_BYTES + 1 }, (_, count) => (count ? String(256n ** BigInt(count) - 1n).length : 0));
const BLOCK_DIGITS = DIGITS[BLOCK_BYTES];

/** The bytes that were written as these decimal digits, or null if none were. */
export function bytesOf(digits: string): Uint8Array | null {
  if (!/^[0-9]*$/.test(digits)) return null;
  const out: number[] = [];
  for (let start = 0; start < digits.length; start += BLOCK_DIGITS) {
    const block = digits.slice(start, start + BLOCK_DIGITS);
    const count = DIGITS.indexOf(block.length);
    let number = BigInt(block);
    if (count < 0 || number >> BigInt(8 * count)) return null;
    const bytes = new Array<number>(count);
    for (let index = count - 1; index >= 0; index--) {
      bytes[index] = Number(number & 0xffn);
      number >>= 8n;
    }
    out.push(...bytes);
  }
  return Uint8Array.from(out);
}
