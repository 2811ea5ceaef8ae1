/** The train study: a LoRA, or an adapter for every rank (QDyLoRA). Which rank is enough? */
import type { Study } from '../contract.ts';
import type { ExperimentSpec } from '../spec.ts';
import type { TrainState } from './state.ts';

/** The name of the adapter that a training run saves. */
export const TRAINED = 'train';

const followsMap = ({ train: { start, ranks } }: ExperimentSpec): boolean =>
  start === 'fresh' && ranks.kind === 'map';

export const train: Study<TrainState> = {
  order: 4,
  code: async () => {
    const [{ runTrain }, { reduceTrain }, { trainProgress }] = await Promise.all([
      import('./run.ts'),
      import('./state.ts'),
      import('./verdict.ts'),
    ]);
    return { run: runTrain, reduce: reduceTrain, progress: trainProgress };
  },
  need: async () => (await import('./need.ts')).trainNeed,
  uses: (spec) =>
    followsMap(spec)
      ? ['model', 'text', 'bos', 'sequences', 'length', 'seed', 'method', 'allocation', 'training']
      : ['model', 'bos', 'seed', 'training'],
  trains: true,
  followsMap,
  takesAdapter: ({ train: { start } }) => start === 'given',
  texts: (spec) => [
    ...(followsMap(spec) ? [spec.text] : []),
    spec.training.train,
    spec.training.held,
  ],
};
