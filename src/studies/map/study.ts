/** The map study: the importance of every module, and the ranks that follow. */
import type { Study } from '../contract.ts';
import type { KnownDraws, RunEvent } from './events.ts';
import { reduce, shareDone, type Measurement } from './state.ts';

/** A step ends with measured values. There is no pause between an announcement and its values. */
const mayPauseAfter = ({ type }: RunEvent) =>
  type === 'draws' ? 'step' : type === 'probing' ? 'no' : 'pause';

export const map: Study<Measurement> = {
  order: 1,
  // The page shows the map from the start, so its state is loaded anyway.
  code: async () => {
    const { runMap } = await import('./run.ts');
    return { run: runMap, reduce, progress: shareDone, mayPauseAfter };
  },
  uses: () => ['model', 'text', 'bos', 'sequences', 'length', 'seed', 'method'],
  trains: false,
  takesAdapter: () => false,
  texts: ({ text }) => [text],
  checkpointOf: ({ measured, times }): KnownDraws => ({ measured, times }),
};
