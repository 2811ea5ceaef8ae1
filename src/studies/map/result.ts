/** The result file: the page's export, the command line's output and the recorded run. */
import { elementAt } from '../../checked.ts';
import type { ProviderInfo } from '../../engine/engine.ts';
import type { Bos } from '../../model/bos.ts';
import { allocate } from '../../methods/allocation/allocate.ts';
import { mapsOf, summariesOf, type Draws } from './draws.ts';
import { nameOf, type ModelFacts } from './events.ts';
import type { ExperimentSpec } from '../spec.ts';

export const RESULT_VERSION = 1;

/** The part of `ModuleInfo` that a table of ranks needs. */
export interface MeasuredModule {
  path: string;
  layer: number;
  role: string;
  group: string;
  inFeatures: number;
  outFeatures: number;
}

export interface ModuleResult extends MeasuredModule {
  /** Mean of the draws. */
  importance: number;
  /** s/√n of the draws, null with fewer than two; or the error that the method reports. */
  standardError: number | null;
  /** The value of every map, in order. */
  draws: number[];
  /**
   * The values from which the maps are computed, if these differ (`draws.ts`): values of backward
   * passes, then sampled repeats.
   */
  measured?: number[];
  rank: number;
}

export interface RunResult {
  format: 'rank-atlas-result';
  version: typeof RESULT_VERSION;
  spec: ExperimentSpec;
  model: {
    id: string;
    title: string;
    hash: string;
    dialect: string;
    layers: number;
    hidden: number;
    vocab: number;
    bytes: number;
    bos?: Bos;
  };
  /** The batch of the run: its shape, and sha-256 of the int32 ids. */
  tokens: { sequences: number; length: number; hash: string };
  provider: ProviderInfo;
  versions: { rankAtlas: string; onnxruntime: string };
  /** ISO 8601. */
  startedAt: string;
  /** Milliseconds by phase, without pauses. */
  times: { clean: number; measure: number; firstSweep: number };
  cleanLoss: number;
  modules: ModuleResult[];
}

/** The facts of a finished run other than its draws. */
export type RunFacts = Omit<RunResult, 'format' | 'version' | 'model' | 'modules'> & {
  model: ModelFacts;
};

/** All measured values, from which the maps are computed. */
export const measuredIn = ({ modules }: Pick<RunResult, 'modules'>): Draws =>
  modules.map((m) => m.measured ?? m.draws);

/**
 * Builds the result of complete draws; `measured[i]` belongs to `model.modules[i]`. Throws
 * `no-importance` if no ranks follow from them.
 */
export function buildResult(facts: RunFacts, measured: Draws): RunResult {
  const { dialect, layers, hidden, vocab, bytes, modules } = facts.model;
  const maps = mapsOf(facts.spec.method, modules, measured);
  const { draws } = maps;
  const summaries = summariesOf(maps);
  const { ranks } = allocate(
    summaries.map((s) => s.mean),
    modules,
    facts.spec.allocation,
  );
  return {
    format: 'rank-atlas-result',
    version: RESULT_VERSION,
    ...facts,
    model: { ...nameOf(facts.model), dialect, layers, hidden, vocab, bytes },
    modules: modules.map(({ path, layer, role, group, inFeatures, outFeatures }, i) => ({
      path,
      layer,
      role,
      group,
      inFeatures,
      outFeatures,
      importance: elementAt(summaries, i).mean,
      standardError: elementAt(summaries, i).standardError,
      draws: [...elementAt(draws, i)],
      ...(draws !== measured && { measured: [...elementAt(measured, i)] }),
      rank: ranks[i]!,
    })),
  };
}
