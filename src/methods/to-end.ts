/** Runs a generator to its end and returns its result, for callers that do not need its yields. */
export async function toEnd<T>(
  steps: AsyncGenerator<unknown, T, undefined>,
  atYield?: () => void | Promise<void>,
): Promise<T> {
  for (;;) {
    const { done, value } = await steps.next();
    if (done) return value;
    await atYield?.();
  }
}
