/** Where a sample lies that stands outside of a plane. */

/** Mirrored at the border, which itself is repeated, until it lies within. */
export function reflected(index: number, length: number): number {
  const within = ((index % (2 * length)) + 2 * length) % (2 * length);
  return within < length ? within : 2 * length - 1 - within;
}

/** The nearest sample of the border. */
export function continued(index: number, length: number): number {
  return Math.min(Math.max(index, 0), length - 1);
}
