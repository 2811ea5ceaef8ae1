/** Saves the last comparisons of methods, so that one can be shown again without measuring. */
import { create } from 'zustand';
import type { AgreeResult } from '../studies/agree/state.ts';
import { defaultSpec, parseSpec } from '../experiment/schema.ts';
import { specKey } from '../experiment/settings.ts';
import { useExperiment } from './experiment-store.ts';
import { endRun, liveRun } from './live.ts';
import { whenFinished } from './runs.ts';
import { useStudy } from './study-store.ts';
import { remember, remembered } from './storage.ts';

export interface SavedAgreement {
  key: string;
  result: AgreeResult;
  at: number;
}

const MAX_AGREEMENTS = 5;

/** Key of what was compared; a new comparison with the same key replaces the old one. */
export const agreementKey = ({ spec, model }: Pick<AgreeResult, 'spec' | 'model'>): string =>
  `${specKey({ ...spec, study: 'agree', allocation: defaultSpec().allocation })} ${model.hash}`;

/**
 * Returns a saved comparison with a validated experiment; throws if the value is not a comparison.
 */
function parseAgreement(value: unknown): AgreeResult {
  const result = value as AgreeResult;
  const { format }: { format: unknown } = result;
  const spec = parseSpec(result.spec);
  const size = result.modules.length;
  const whole =
    format === 'rank-atlas-agreement' &&
    result.measured.every(
      ({ method, importances }) =>
        spec.agree.methods.includes(method) &&
        importances.length === size &&
        importances.every(Number.isFinite),
    );
  if (!whole) throw new TypeError('no comparison');
  return { ...result, spec };
}

function restore(): SavedAgreement[] {
  try {
    return (JSON.parse(remembered('agreements') ?? '[]') as SavedAgreement[])
      .slice(0, MAX_AGREEMENTS)
      .map(({ key, result, at }) => ({
        key: String(key),
        result: parseAgreement(result),
        at: Number(at) || 0,
      }));
  } catch {
    return [];
  }
}

export const useAgreements = create<{ saved: readonly SavedAgreement[] }>()(() => ({
  saved: restore(),
}));

whenFinished('agree', ({ result }) => {
  if (result) save(result);
});

function save(result: AgreeResult): void {
  const key = agreementKey(result);
  const saved = [
    { key, result, at: Date.now() },
    ...useAgreements.getState().saved.filter((k) => k.key !== key),
  ].slice(0, MAX_AGREEMENTS);
  useAgreements.setState({ saved });
  remember('agreements', JSON.stringify(saved));
}

/** Shows a saved comparison and sets its experiment, except for the allocation. */
export function showAgreement(result: AgreeResult): void {
  if (liveRun()?.study === 'agree') endRun();
  useExperiment
    .getState()
    .edit(({ allocation }) => ({ ...result.spec, allocation, study: 'agree' }), 'result');
  const { spec } = useExperiment.getState();
  const { view, act } = useStudy.getState();
  view('agree', { ...result, measuring: null, result }, spec, 1);
  act('agree', 'whole');
}
