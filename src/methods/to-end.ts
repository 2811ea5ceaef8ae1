/**
 * Pulls a computation that gives others a turn in between to its end, for callers who have nobody
 * to give it to.
 */
export async function toEnd<T>(steps: AsyncGenerator<unknown, T, undefined>): Promise<T> {
  for (;;) {
    const { done, value } = await steps.next();
    if (done) return value;
  }
}
