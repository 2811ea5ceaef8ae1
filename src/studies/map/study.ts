/** The map study: the importance of every module, and the ranks that follow. */
import { LIMITS } from '../../spec/limits.ts';
import type { Study } from '../contract.ts';
import { drawsAsked, sweepsOf } from './draws.ts';
import type { KnownDraws, RunEvent } from './events.ts';
import { mapPresets } from './presets.ts';
import { reduce, shareDone, type Measurement } from './state.ts';

/** Repeats that the Run button adds to a finished run, up to the limit. */
export const REPEATS_MORE = 5;

/** A step ends with measured values. There is no pause between an announcement and its values. */
const mayPauseAfter = ({ type }: RunEvent) =>
  type === 'draws' ? 'step' : type === 'probing' ? 'no' : 'pause';

export const map: Study<null, Measurement> = {
  settings: null,
  labels: {
    en: {
      tab: 'Map',
      ready: 'Ready',
      next: 'Play measures every module.',
      running: 'Measuring',
      done: 'Measured',
    },
    ja: {
      tab: 'マップ',
      ready: '準備完了',
      next: '「実行」を押すと、全モジュールを測定します。',
      running: '測定中',
      done: '測定済み',
    },
  },
  presets: mapPresets,
  place: 'map',
  // The page shows the map from the start, so its state is loaded anyway.
  code: async () => {
    const { runMap } = await import('./run.ts');
    return { run: runMap, reduce, progress: shareDone, mayPauseAfter };
  },
  report: () => import('./report.ts'),
  uses: () => ['model', 'text', 'bos', 'sequences', 'length', 'seed', 'method'],
  trains: false,
  takesAdapter: () => false,
  texts: ({ text }) => [text],
  followsSettings: true,
  longer: {
    setting: 'method.repeats',
    more(spec) {
      const repeats = Math.min(LIMITS.repeats[1], spec.method.repeats + REPEATS_MORE);
      return repeats === spec.method.repeats
        ? null
        : { ...spec, method: { ...spec.method, repeats } };
    },
    isWhole: ({ measured }, { method }) => sweepsOf(measured) >= drawsAsked(method),
  },
  checkpointOf: ({ measured, times }): KnownDraws => ({ measured, times }),
};
