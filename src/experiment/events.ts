/**
 * What a run says while it happens. The dashboard, the terminal and the recorded file consume the same stream.
 */
import type { ModuleInfo } from '../compiler/modules.ts';
import type { ProviderInfo } from '../engine/engine.ts';
import type { ExperimentSpec } from './spec.ts';
import type { RunResult } from './result.ts';

export type RunEvent =
  | { type: 'start'; spec: ExperimentSpec; model: ModelFacts; provider: ProviderInfo; sequences: number; length: number }
  | { type: 'clean'; loss: number; milliseconds: number }
  /** These modules are being probed now (all of one layer). */
  | { type: 'probing'; repeat: number; layer: number; modules: number[] }
  /** `values[i]` is the disagreement of `modules[i]` in this repeat. */
  | { type: 'draws'; repeat: number; layer: number; modules: number[]; values: number[]; milliseconds: number }
  | { type: 'sweep'; repeat: number; milliseconds: number }
  | { type: 'done'; result: RunResult };

export interface ModelFacts {
  id: string;
  title: string;
  hash: string;
  dialect: string;
  layers: number;
  hidden: number;
  vocab: number;
  /** Bytes of all model files. */
  bytes: number;
  modules: readonly ModuleInfo[];
}
