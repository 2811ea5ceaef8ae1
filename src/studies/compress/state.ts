/** The events and the state of a compress run. */
import type { ProviderInfo } from '../../engine/engine.ts';
import type { SampleScore } from '../../methods/compress/task.ts';
import { pearson, spearman } from '../../methods/statistics.ts';
import type { ShownSample } from './task.ts';
import type { ModelName } from '../map/events.ts';
import type { ExperimentSpec } from '../spec.ts';
import type { StudyContext } from '../context.ts';

export type CompressPhase =
  'svd' | 'samples' | 'gradients' | 'checks' | 'scan' | 'test' | 'plain' | 'text' | 'laser';

/** `left`: estimated milliseconds to the end of the phase, at the pace so far. */
export interface CompressProgress {
  phase: CompressPhase;
  done: number;
  of: number;
  left?: number;
}

/** Accuracy, and negative log likelihood of the right answers in nats per token. */
export interface Figures {
  accuracy: number;
  loss: number;
}

/**
 * The task's figures on the test samples, with the mean next-token loss of the plain text: a gain
 * in one may be a loss in the other.
 */
export interface StepFigures extends Figures {
  plain: number;
}

/** A removal: in every row block of a module, the components after the first `keep`. */
export interface Removal {
  module: number;
  path: string;
  blocks: number;
  rho: number;
  keep: number[];
  dropped: number;
}

/** σᵢ and gᵢ of one module, by block. */
export interface Spectrum {
  module: number;
  path: string;
  blocks: number;
  sigma: number[][];
  gradient: number[][];
}

/**
 * A small removal to check the prediction: components [from, to) of every block. Changes of the
 * loss are in nats per token.
 */
export interface Check {
  path: string;
  blocks: number;
  from: number;
  to: number;
  predicted: number;
  measured: number;
}

export interface Trial extends Removal {
  /** Predicted change of the loss: to first order, and with the curvature. */
  firstOrder: number;
  predicted: number;
  /** Measured change of the loss relative to the state accepted before. */
  measured: number;
  figures: Figures;
  accepted: boolean;
  milliseconds: number;
}

/**
 * One evaluation of LASER's search: one module reduced to the fraction ρ of its components, the
 * others unmodified.
 */
export interface LaserTrial {
  module: number;
  path: string;
  rho: number;
  figures: Figures;
  milliseconds: number;
}

export interface LaserFigures {
  /** Evaluations of the whole search, and of this run. */
  evaluations: number;
  made: number;
  /** Milliseconds of this run's evaluations, and of the whole search at that pace. */
  milliseconds: number;
  extrapolated: number;
  /**
   * The best by accuracy, then loss, on the calibration samples; and its figures on the test
   * samples.
   */
  best: LaserTrial;
  test: StepFigures;
}

/** A test sample under the original model (step 0) and after each accepted step. */
export interface SampleTrail extends ShownSample {
  scores: Pick<SampleScore, 'right' | 'loss' | 'chosen'>[];
}

export interface CompressResult {
  format: 'rank-atlas-compress';
  version: 1;
  spec: ExperimentSpec;
  model: ModelName;
  provider: ProviderInfo;
  versions: StudyContext['versions'];
  chance: number;
  calibration: { samples: number; before: Figures; after: Figures };
  candidates: number;
  checks: Check[];
  trials: Trial[];
  /** Indices of the accepted trials in force, in their order. */
  accepted: number[];
  /** Test figures of the original model, then after each accepted step. */
  test: { samples: number; steps: StepFigures[] };
  /** The plain text's sequences of `length` tokens: the loss of each, by step as in `test`. */
  plain: { length: number; losses: number[][] };
  samples: SampleTrail[];
  /**
   * The experiment's prompt continued by the original model and after each accepted step; null if
   * the model cannot generate.
   */
  text: { prompt: string; steps: string[] } | null;
  laser: LaserFigures | null;
  /** Milliseconds by phase. */
  times: Record<CompressPhase, number>;
}

export type CompressEvent =
  | {
      type: 'start';
      spec: ExperimentSpec;
      samples: number;
      test: number;
      chance: number;
      laserEvaluations: number;
    }
  /** A resumed run, in its saved state. */
  | { type: 'resumed'; state: CompressState }
  | ({ type: 'progress' } & CompressProgress)
  | { type: 'base'; figures: Figures; aboveChance: boolean }
  | { type: 'spectrum'; spectrum: Spectrum }
  | { type: 'candidates'; count: number }
  | { type: 'check'; check: Check }
  | { type: 'trial'; trial: Trial }
  /** `plain`: the loss of each sequence of the plain text. */
  | { type: 'step'; figures: StepFigures; scores: SampleTrail['scores']; plain: number[] }
  | { type: 'laser'; trial: LaserTrial }
  | { type: 'done'; result: CompressResult };

export interface CompressState {
  spec: ExperimentSpec;
  samples: number;
  testSamples: number;
  chance: number;
  laserEvaluations: number;
  progress: CompressProgress | null;
  base: Figures | null;
  /** Whether the model's accuracy is significantly above chance (95 % interval). */
  aboveChance: boolean;
  spectra: Spectrum[];
  candidates: number;
  checks: Check[];
  trials: Trial[];
  steps: StepFigures[];
  laser: LaserTrial[];
  result: CompressResult | null;
}

export function reduceCompress(state: CompressState | null, event: CompressEvent): CompressState {
  if (event.type === 'start') {
    const { spec, samples, test, chance, laserEvaluations } = event;
    return {
      spec,
      samples,
      testSamples: test,
      chance,
      laserEvaluations,
      progress: null,
      base: null,
      aboveChance: true,
      spectra: [],
      candidates: 0,
      checks: [],
      trials: [],
      steps: [],
      laser: [],
      result: null,
    };
  }
  if (event.type === 'resumed') return event.state;
  if (!state) throw new RangeError('a compression begins with its start');
  switch (event.type) {
    case 'progress':
      return {
        ...state,
        progress: {
          phase: event.phase,
          done: event.done,
          of: event.of,
          ...(event.left !== undefined && { left: event.left }),
        },
      };
    case 'base':
      return { ...state, base: event.figures, aboveChance: event.aboveChance };
    case 'spectrum':
      return { ...state, spectra: [...state.spectra, event.spectrum] };
    case 'candidates':
      return { ...state, candidates: event.count };
    case 'check':
      return { ...state, checks: [...state.checks, event.check] };
    case 'trial':
      return { ...state, trials: [...state.trials, event.trial] };
    case 'step':
      return { ...state, steps: [...state.steps, event.figures] };
    case 'laser':
      return { ...state, laser: [...state.laser, event.trial] };
    case 'done':
      return { ...state, progress: null, result: event.result };
  }
}

/**
 * Indices of the accepted trials in force, in order of acceptance. Only the last accepted trial of
 * a module is in force.
 */
export function inForce(trials: readonly Trial[]): number[] {
  const byModule = new Map<number, number>();
  trials.forEach(({ module, accepted }, i) => {
    if (!accepted) return;
    byModule.delete(module);
    byModule.set(module, i);
  });
  return [...byModule.values()];
}

/** How well predicted and measured changes agree over `count` removals. */
export interface Agreement {
  count: number;
  pearson: number;
  spearman: number;
}

/**
 * The agreement over these removals; null with fewer than three or if a list is constant. Small
 * removals and candidates are reported separately, because the former are chosen to be small.
 */
export function agreementOf(
  removals: readonly { predicted: number; measured: number }[],
): Agreement | null {
  const predicted = removals.map((c) => c.predicted);
  const measured = removals.map((c) => c.measured);
  const r = pearson(predicted, measured);
  return removals.length < 3 || !Number.isFinite(r)
    ? null
    : { count: removals.length, pearson: r, spearman: spearman(predicted, measured) };
}

/** Compares by accuracy, then by loss. */
export const isBetter = (a: Figures, b: Figures): boolean =>
  a.accuracy > b.accuracy || (a.accuracy === b.accuracy && a.loss < b.loss);

/** Progress within the current phase. */
export const compressProgress = ({ progress }: CompressState): number =>
  progress ? progress.done / progress.of : 0;
