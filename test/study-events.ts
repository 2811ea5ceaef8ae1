/** Runs studies in tests: only their events, or a measurement of a given batch. */
import type { TokenBatch } from '../src/engine/engine.ts';
import type { RunEvent } from '../src/studies/map/events.ts';
import { runMap, type MapContext } from '../src/studies/map/run.ts';
import { reduce, type Measurement } from '../src/studies/map/state.ts';
import { pulled } from '../src/studies/pulled.ts';

export async function* eventsOf<Context, State, Event>(
  code: Parameters<typeof pulled<Context, State, Event>>[0],
  context: Context,
): AsyncGenerator<Event, void, undefined> {
  for await (const { event } of pulled(code, context)) yield event;
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
