/** What follows from the state: the progress of the study, and the notable ranks of the curve. */
import { kneeOf, rankAt, smallestWithin, type RankLoss } from '../../methods/qdylora.ts';
import type { TrainState } from './state.ts';

/** The current activity and its progress; null when the study is done. */
export function doingNow({ base, trainings, curve, maxRank, compare, spec, result }: TrainState): {
  what: 'base' | 'training' | 'curve' | 'separate';
  done: number;
  of: number;
} | null {
  if (result) return null;
  const current = trainings.at(-1);
  const { steps } = spec.training;
  if (!base || !current) return { what: 'base', done: 0, of: 1 };
  if (trainings.length > 1)
    return {
      what: 'separate',
      done: (trainings.length - 2) * steps + current.losses.length,
      of: compare.length * steps,
    };
  return current.losses.length < steps || spec.train.method.name === 'lora'
    ? { what: 'training', done: current.losses.length, of: steps }
    : { what: 'curve', done: curve.length, of: maxRank };
}

/** Relative distance to the best loss within which a loss counts as equal to it. */
export const BAND = 0.01;

export interface CurveVerdict {
  best: RankLoss;
  /** Smallest rank in the band. */
  within: RankLoss;
  knee: number;
  base: number;
}

/** The notable ranks, once the curve has every rank; null before. */
export function verdictOf({
  curve,
  maxRank,
  trainings,
}: Pick<TrainState, 'curve' | 'maxRank' | 'trainings'>): CurveVerdict | null {
  const base = trainings[0]?.evaluations[0]?.loss;
  if (curve.length < maxRank || base === undefined) return null;
  return {
    best: curve.reduce((a, b) => (b.loss < a.loss ? b : a)),
    within: smallestWithin(curve, BAND),
    knee: kneeOf(curve, base),
    base,
  };
}

/**
 * Adapter parameters at this rank of the largest module, Σ rank · (in + out); null until the
 * modules' ranks are known.
 */
export function parametersAt(
  { maxRank, spec, result }: TrainState,
  modules: readonly { path: string; inFeatures: number; outFeatures: number }[],
  rank: number,
): number | null {
  const ranks = result && new Map(result.modules.map((m) => [m.path, m.rank]));
  if (!ranks && !isUniform(spec)) return null;
  return modules.reduce(
    (sum, m) =>
      sum +
      rankAt(rank, ranks ? (ranks.get(m.path) ?? 0) : maxRank, maxRank) *
        (m.inFeatures + m.outFeatures),
    0,
  );
}

/** Whether every module has the largest rank. */
export const isUniform = ({ train: { start, ranks } }: TrainState['spec']): boolean =>
  start === 'fresh' && ranks.kind === 'uniform';

/** Final held-out losses of the separate LoRAs that have finished. */
export const separateLosses = ({ trainings, spec }: TrainState): RankLoss[] =>
  trainings
    .slice(1)
    .flatMap(({ rank, evaluations }) =>
      evaluations.filter((e) => e.step === spec.training.steps).map(({ loss }) => ({ rank, loss })),
    );

/** Progress of the current activity, 0 to 1. */
export function trainProgress(state: TrainState): number {
  const doing = doingNow(state);
  return doing ? doing.done / doing.of : 0;
}
