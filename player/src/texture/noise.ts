/** Noise that is the same on every machine: what splitmix64 counts out from a seed on. */

/** Calls back with the upper and the lower half of `count` random 64-bit numbers. */
function splitmix(count: number, seed: number, take: (index: number, high: number, low: number) => void): void {
  let [high, low] = product(0, seed, 0xd1b54a32, 0xd192ed03);
  for (let index = 0; index < count; index++) {
    low += 0x7f4a7c15;
    high = (high + 0x9e3779b9 + (low > 0xffffffff ? 1 : 0)) >>> 0;
    low >>>= 0;
    let [a, b] = product(high ^ (high >>> 30), low ^ ((low >>> 30) | (high << 2)), 0xbf58476d, 0x1ce4e5b9);
    [a, b] = product(a ^ (a >>> 27), b ^ ((b >>> 27) | (a << 5)), 0x94d049bb, 0x133111eb);
    take(index, a ^ (a >>> 31), b ^ ((b >>> 31) | (a << 1)));
  }
}

/** Near-normal noise: sums of the four 16-bit parts of random numbers. */
export function normalNoise(count: number, seed: number): Float32Array {
  const out = new Float32Array(count);
  splitmix(count, seed, (index, high, low) => {
    const sum = (high >>> 16) + (high & 0xffff) + (low >>> 16) + (low & 0xffff);
    out[index] = Math.fround(sum / 37837) - 3.464;
  });
  return out;
}

/** Even noise, 0 to 1. */
export function evenNoise(count: number, seed: number): Float32Array {
  const out = new Float32Array(count);
  splitmix(count, seed, (index, high) => {
    out[index] = (high >>> 0) / 2 ** 32;
  });
  return out;
}

/** The upper 32 bits of the product of two numbers of 32 bits. */
function highProduct(a: number, b: number): number {
  const [aHigh, aLow, bHigh, bLow] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const other = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 65536) + (other >>> 16)) >>> 0;
}

/** A product of two 64-bit numbers, of which the lower 64 bits stay. */
function product(aHigh: number, aLow: number, bHigh: number, bLow: number): [high: number, low: number] {
  const low = Math.imul(aLow, bLow) >>> 0;
  const high = (highProduct(aLow >>> 0, bLow) + Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh)) >>> 0;
  return [high, low];
}
