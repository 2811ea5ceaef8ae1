/**
 * The result file: what the page exports, the command line writes and a recorded run is.
 */
import type { ProviderInfo } from '../engine/engine.ts';
import type { ExperimentSpec } from './spec.ts';

export const RESULT_VERSION = 1;

export interface ModuleResult {
  path: string;
  layer: number;
  role: string;
  inFeatures: number;
  outFeatures: number;
  /** Mean of the draws. */
  importance: number;
  /** s/√n of the draws; null with fewer than two. */
  standardError: number | null;
  /** The value of every repeat, in order. */
  draws: number[];
  rank: number;
}

export interface RunResult {
  format: 'rank-atlas-result';
  version: typeof RESULT_VERSION;
  spec: ExperimentSpec;
  model: { id: string; title: string; hash: string; dialect: string; layers: number; hidden: number; vocab: number; bytes: number };
  /** The tokens that were run: shape and sha-256 of the int32 ids. */
  tokens: { sequences: number; length: number; hash: string };
  provider: ProviderInfo;
  versions: { rankAtlas: string; onnxruntime: string };
  /** ISO 8601. */
  startedAt: string;
  /** Milliseconds by phase. */
  times: { clean: number; measure: number; firstSweep: number };
  cleanLoss: number;
  modules: ModuleResult[];
}
