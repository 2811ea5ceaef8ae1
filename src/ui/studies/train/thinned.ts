/** At most `maxPoints` evenly spaced points of a line, including the last. */
export function thinned<T>(points: readonly T[], maxPoints: number): readonly T[] {
  const every = Math.ceil(points.length / maxPoints);
  return every <= 1 ? points : points.filter((_, i) => (points.length - 1 - i) % every === 0);
}
