/**
 * A binary range coder whose output is the shortest byte string that still decodes: 40-bit range, 16-bit
 * probabilities, bytes with carry. The decoder reads zeros behind the last byte; trailing zero bytes are not written.
 *
 * Numbers are doubles that hold integers below 2**53, so divisions by a power of two and a floor are exact. So is the
 * floor of any quotient here: its dividend is below 2**40, so it lies at least 2**-40 of itself below the next integer.
 */

export const PROBABILITY_ONE = 1 << 16;

const TOP = 2 ** 40;
const BOTTOM = 2 ** 32;
const SCALE = 2 ** -16;

/** Codes one bit and returns it. probabilityOne: that it is 1, in 1 to 65535 of 65536. A decoder ignores `value`. */
export interface BitCoder {
  bit(value: number, probabilityOne: number): number;
}

/** A `BitCoder` that also codes values in [0, count), all equally likely; count is at most 2**24. */
export interface ValueCoder extends BitCoder {
  uniform(value: number, count: number): number;
}

export class Encoder implements ValueCoder {
  #low = 0;
  #range = TOP - 1;
  #cache = -1; // the last byte, held back because a carry may still reach it
  #pending = 0; // 0xFF bytes behind it that a carry would turn into 0x00
  #out: number[] = [];

  bit(value: number, probabilityOne: number): number {
    const bound = Math.floor(this.#range * SCALE) * probabilityOne;
    if (value) {
      this.#range = bound;
    } else {
      this.#low += bound;
      this.#range -= bound;
    }
    this.#renew();
    return value;
  }

  uniform(value: number, count: number): number {
    const step = Math.floor(this.#range / count);
    this.#low += step * value;
    this.#range = step;
    this.#renew();
    return value;
  }

  /** The shortest byte string that decodes to what was encoded; call it once. */
  finish(): Uint8Array {
    // The number in [low, low + range) with the most trailing zero bits.
    const last = this.#low + this.#range - 1;
    for (let bits = 40; bits >= 0; bits--) {
      const candidate = Math.floor(last / 2 ** bits) * 2 ** bits;
      if (candidate >= this.#low) {
        this.#low = candidate;
        break;
      }
    }
    for (let byte = 0; byte < 6; byte++) this.#shiftLow();
    let length = this.#out.length;
    while (length && this.#out[length - 1] === 0) length--;
    return Uint8Array.from(this.#out.slice(0, length));
  }

  #renew(): void {
    while (this.#range < BOTTOM) {
      this.#range *= 256;
      this.#shiftLow();
    }
  }

  #shiftLow(): void {
    const low = this.#low;
    if (low < TOP - BOTTOM || low >= TOP) {
      const carry = low >= TOP ? 1 : 0;
      if (this.#cache >= 0) this.#out.push((this.#cache + carry) & 0xff);
      for (; this.#pending; this.#pending--) this.#out.push((0xff + carry) & 0xff);
      this.#cache = Math.floor(low / BOTTOM) & 0xff;
    } else {
      this.#pending++;
    }
    this.#low = (low % BOTTOM) * 256;
  }
}

/** Decodes what `Encoder` wrote; it never fails: damaged data decodes to something. */
export class Decoder implements ValueCoder {
  #range = TOP - 1;
  // Damaged data may begin with a code that is not below the range. Then it never is again, whatever is taken off, so
  // every bit is 0 and every value the last one, as with integers that grow without end: rounding, and even infinity,
  // makes no difference.
  #code = 0;
  #position = 0;

  constructor(private readonly data: Uint8Array) {
    for (let byte = 0; byte < 5; byte++) this.#code = this.#code * 256 + this.#nextByte();
  }

  bit(_value: number, probabilityOne: number): number {
    const bound = Math.floor(this.#range * SCALE) * probabilityOne;
    const one = this.#code < bound;
    if (one) {
      this.#range = bound;
    } else {
      this.#code -= bound;
      this.#range -= bound;
    }
    this.#renew();
    return one ? 1 : 0;
  }

  uniform(_value: number, count: number): number {
    const step = Math.floor(this.#range / count);
    const value = Math.min(Math.floor(this.#code / step), count - 1);
    this.#code -= step * value;
    this.#range = step;
    this.#renew();
    return value;
  }

  #renew(): void {
    while (this.#range < BOTTOM) {
      this.#range *= 256;
      this.#code = this.#code * 256 + this.#nextByte();
    }
  }

  #nextByte(): number {
    return this.#position < this.data.length ? this.data[this.#position++] : 0;
  }
}

/** A decoder that can tell whether an encoder, told what was decoded, would have written the same bytes. */
export class CheckedDecoder implements ValueCoder {
  readonly #decoder: Decoder;
  readonly #encoder = new Encoder();

  constructor(private readonly data: Uint8Array) {
    this.#decoder = new Decoder(data);
  }

  bit(value: number, probabilityOne: number): number {
    return this.#encoder.bit(this.#decoder.bit(value, probabilityOne), probabilityOne);
  }

  uniform(value: number, count: number): number {
    return this.#encoder.uniform(this.#decoder.uniform(value, count), count);
  }

  /** Whether `data` is what an encoder writes; call it once, after the last symbol. */
  isCanonical(): boolean {
    return sameBytes(this.#encoder.finish(), this.data);
  }
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
