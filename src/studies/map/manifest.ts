/** Settings, labels and presets of the map. */
import { LIMITS } from '../../spec/limits.ts';
import type { StudyManifest } from '../contract.ts';
import { drawsAsked, sweepsOf } from './draws.ts';
import { mapPresets } from './presets.ts';
import type { Measurement } from './state.ts';

/** Repeats that the Run button adds to a finished run, up to the limit. */
export const REPEATS_MORE = 5;

export const map: StudyManifest<null, Measurement> = {
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
  report: () => import('./report.ts'),
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
};
