/** Runs a study and reduces its events to a state. */
import { defined } from '../checked.ts';

/**
 * Yields each event of a study with the state after it. To end early, call `return()`. Throws what
 * the study throws.
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
