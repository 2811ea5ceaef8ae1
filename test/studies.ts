/** Runs studies in tests: a context, a run that may be interrupted, and a map of a given batch. */
import { defined } from '../src/checked.ts';
import type { TokenBatch } from '../src/engine/engine.ts';
import type { StudyContext } from '../src/studies/context.ts';
import type { SavedAdapter } from '../src/studies/saved-adapter.ts';
import type { RunEvent } from '../src/studies/map/events.ts';
import { runMap, type MapContext } from '../src/studies/map/run.ts';
import { reduce, type Measurement } from '../src/studies/map/state.ts';
import { pulled } from '../src/studies/pulled.ts';

type StudyCode<State, Event> = Parameters<typeof pulled<StudyContext, State, Event>>[0];

const unused = (): never => {
  throw new Error('the test gives no value for this part of the context');
};

/** A context of the given parts. A study that uses a missing part fails. */
export const studyContext = (
  given: Pick<StudyContext, 'spec' | 'engine' | 'model'> & Partial<StudyContext>,
): StudyContext => ({
  provider: given.engine.provider,
  versions: { rankAtlas: '', onnxruntime: '' },
  importances: null,
  tokens: unused,
  encode: unused,
  prompt: unused,
  decode: unused,
  endTokens: unused,
  derive: unused,
  saveAdapter: unused,
  savedAdapter: unused,
  newest: unused,
  now: () => 0,
  ...given,
});

/** The part of a context that saves adapters, here in `saved`. */
export const savedIn = (
  saved: Map<string, SavedAdapter>,
): Pick<StudyContext, 'saveAdapter' | 'savedAdapter' | 'newest'> => ({
  saveAdapter: (adapter) => saved.set(adapter.name, adapter),
  savedAdapter: (name) => saved.get(name),
  newest: () => [...saved.values()].at(-1),
});

/**
 * Runs a study from the checkpoint `from`, to its end or until `stop` returns true for an event and
 * its number, counted from 1. Returns the events, the last state, and the checkpoint of a stopped
 * run; null if the study offered none.
 */
export async function runStudy<State, Event>(
  code: StudyCode<State, Event>,
  context: StudyContext,
  {
    from,
    stop = () => false,
  }: { from?: unknown; stop?: (event: Event, count: number) => boolean } = {},
): Promise<{ events: Event[]; state: State; checkpoint: unknown }> {
  const events: Event[] = [];
  let last: State | null = null;
  let checkpoint: unknown = null;
  let take = null as (() => Promise<unknown>) | null;
  const offer = (latest: () => Promise<unknown>) => {
    take = latest;
  };
  for await (const { event, state } of pulled(code, { ...context, checkpoint: { from, offer } })) {
    last = state;
    if (stop(event, events.push(event))) {
      checkpoint = take && structuredClone(await take());
      break;
    }
  }
  return { events, state: defined(last) as State, checkpoint };
}

/** Measures a batch. Yields the state with every event. */
export const mapSteps = ({
  batch,
  ...context
}: Pick<MapContext, 'spec' | 'engine' | 'model'> &
  Partial<MapContext> & { batch: TokenBatch }): AsyncGenerator<{
  event: RunEvent;
  state: Measurement;
}> =>
  pulled(
    { run: runMap, reduce },
    {
      tokens: async () => batch,
      versions: { rankAtlas: '0', onnxruntime: '0' },
      now: () => performance.now(),
      ...context,
    },
  );
