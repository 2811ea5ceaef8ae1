/**
 * The interface through which methods see a model, one facet for each kind of work. Nothing here
 * names ORT, WebGPU or React.
 *
 * One engine = one model on one provider. All calls are queued: never two at a time on the runtime.
 * What an engine returns as `CleanPass`, `Adapters` or `Masks` is an opaque handle: only that
 * engine can use it, until it is disposed.
 */
import type { GeneratingEngine } from './facets/generate.ts';
import type { GradientEngine } from './facets/gradients.ts';
import type { Engine } from './facets/probe.ts';
import type { ScoringEngine } from './facets/score.ts';
import type { SparseEngine } from './facets/sparse.ts';
import type { TrainingEngine } from './facets/train.ts';

export type * from './facets/model.ts';
export type * from './facets/checks.ts';
export type * from './facets/probe.ts';
export type * from './facets/adapters.ts';
export type * from './facets/train.ts';
export type * from './facets/gradients.ts';
export type * from './facets/score.ts';
export type * from './facets/sparse.ts';
export type * from './facets/generate.ts';

/** All facets together. */
export type FullEngine = Engine &
  TrainingEngine &
  GradientEngine &
  ScoringEngine &
  SparseEngine &
  GeneratingEngine;
