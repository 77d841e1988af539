/** Noise that is the same on every machine: what splitmix64 counts out from a seed on. */

/** Halves of the last product, the upper and the lower 32 bits: returned this way, they cost nothing. */
let [high, low] = [0, 0];

/** Calls back with the upper and the lower half of `count` random 64-bit numbers. */
function splitmix(count: number, seed: number, take: (index: number, high: number, low: number) => void): void {
  multiply(0, seed, 0xd1b54a32, 0xd192ed03);
  let [countHigh, countLow] = [high, low];
  for (let index = 0; index < count; index++) {
    const sum = countLow + 0x7f4a7c15;
    countHigh = (countHigh + 0x9e3779b9 + (sum > 0xffffffff ? 1 : 0)) >>> 0;
    countLow = sum >>> 0;
    multiply(countHigh ^ (countHigh >>> 30), countLow ^ ((countLow >>> 30) | (countHigh << 2)), 0xbf58476d, 0x1ce4e5b9);
    multiply(high ^ (high >>> 27), low ^ ((low >>> 27) | (high << 5)), 0x94d049bb, 0x133111eb);
    take(index, high ^ (high >>> 31), low ^ ((low >>> 31) | (high << 1)));
  }
}

/** Set `high` and `low` to the lower 64 bits of a product of two 64-bit numbers. */
function multiply(aHigh: number, aLow: number, bHigh: number, bLow: number): void {
  const [aUpper, aUnder] = [aLow >>> 16, aLow & 0xffff];
  const [bUpper, bUnder] = [bLow >>> 16, bLow & 0xffff];
  const middle = aUpper * bUnder + ((aUnder * bUnder) >>> 16);
  const other = aUnder * bUpper + (middle & 0xffff);
  const carried = aUpper * bUpper + Math.floor(middle / 65536) + (other >>> 16);
  high = (carried + Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh)) >>> 0;
  low = Math.imul(aLow, bLow) >>> 0;
}

/** Near-normal noise: sums of the four 16-bit parts of random numbers. */
export function normalNoise(count: number, seed: number): Float32Array {
  const out = new Float32Array(count);
  splitmix(count, seed, (index, upper, lower) => {
    const sum = (upper >>> 16) + (upper & 0xffff) + (lower >>> 16) + (lower & 0xffff);
    out[index] = Math.fround(sum / 37837) - 3.464;
  });
  return out;
}

/** Even noise, 0 to 1. */
export function evenNoise(count: number, seed: number): Float32Array {
  const out = new Float32Array(count);
  splitmix(count, seed, (index, upper) => {
    out[index] = (upper >>> 0) / 2 ** 32;
  });
  return out;
}
