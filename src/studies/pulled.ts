/** A study as it is pulled. */
import { defined } from '../checked.ts';

/**
 * Each event of a study with the state after it. Whoever asks no more ends it with `return()`.
 * Throws what the study throws.
 */
export async function* pulled<Context, State, Event>(
  code: {
    run(context: Context, now: () => State): AsyncGenerator<Event, void, undefined>;
    reduce(state: State | null, event: Event): State;
  },
  context: Context,
): AsyncGenerator<{ event: Event; state: State }, void, undefined> {
  let state: State | null = null;
  for await (const event of code.run(context, () => defined(state) as State)) {
    state = code.reduce(state, event);
    yield { event, state };
  }
}
