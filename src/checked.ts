/**
 * Values that cannot be missing unless this program is wrong: said where it happens, not where it
 * hurts. Inner loops over numbers use `!` instead.
 */

/** The element at `index`, from the end where that is negative. Throws RangeError without one. */
export function elementAt<T>(array: ArrayLike<T>, index: number): T {
  const place = index < 0 ? array.length + index : index;
  if (!(place >= 0 && place < array.length)) {
    throw new RangeError(`there is no element ${index} of ${array.length}`);
  }
  return array[place] as T;
}

/** `value`. Throws TypeError where there is none. */
export function defined<T>(value: T): NonNullable<T> {
  if (value === undefined || value === null) throw new TypeError('a value is missing');
  return value;
}
