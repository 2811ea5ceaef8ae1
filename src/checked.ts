/**
 * Assertions for values that are missing only if the program has a bug. They fail at the place of
 * the bug. Inner loops over numbers use `!` instead.
 */

/**
 * The element at `index`; a negative index counts from the end. Throws RangeError if out of range.
 */
export function elementAt<T>(array: ArrayLike<T>, index: number): T {
  const place = index < 0 ? array.length + index : index;
  if (!(place >= 0 && place < array.length)) {
    throw new RangeError(`there is no element ${index} of ${array.length}`);
  }
  return array[place] as T;
}

/** Returns `value`. Throws TypeError if it is null or undefined. */
export function defined<T>(value: T): NonNullable<T> {
  if (value === undefined || value === null) throw new TypeError('a value is missing');
  return value;
}
