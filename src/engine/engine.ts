/**
 * The interface through which methods use a model, one facet per kind of work. Nothing here names
 * ONNX Runtime, WebGPU or React.
 *
 * One engine is one model on one provider. All calls are queued: the runtime never runs two at a
 * time. `CleanPass`, `Adapters` and `Masks` are opaque handles. Only the engine that returned a
 * handle can use it, until it is disposed.
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
