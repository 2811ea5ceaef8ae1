/** At most `most` evenly spaced points of a line, including the last. */
export function thinned<T>(points: readonly T[], most: number): readonly T[] {
  const every = Math.ceil(points.length / most);
  return every <= 1 ? points : points.filter((_, i) => (points.length - 1 - i) % every === 0);
}
