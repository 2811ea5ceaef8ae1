/** The events of a map run, which the page, the terminal and the recorded file share. */
import type { ModuleInfo } from '../../compiler/modules.ts';
import type { ProviderInfo } from '../../engine/engine.ts';
import type { MeasuringEvent } from '../../methods/importance/measuring.ts';
import type { Bos } from '../../model/bos.ts';
import type { ExperimentSpec } from '../spec.ts';
import type { Draws } from './draws.ts';
import type { RunResult } from './result.ts';

/**
 * Draws by module, in the order of the modules. Each draw is named (seed, module, draw), so a run
 * can resume from any of them. `times`: time they took, if it counts.
 */
export interface KnownDraws {
  measured: Draws;
  times?: Pick<RunResult['times'], 'measure' | 'firstSweep'>;
}

export type RunEvent =
  | {
      type: 'start';
      spec: ExperimentSpec;
      model: ModelFacts;
      provider: ProviderInfo;
      sequences: number;
      length: number;
      /** Draws of an earlier run of the same measurement, from which this run resumes. */
      known?: KnownDraws;
    }
  | { type: 'clean'; loss: number; milliseconds: number }
  /** The method's events (`methods/importance/measuring.ts`); a sweep has its duration. */
  | Exclude<MeasuringEvent, { type: 'sweep' }>
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
  /** The BOS tokens before every text in this experiment, once known. */
  bos?: Bos;
}

/** A model as results name it, with the BOS tokens of its texts. */
export type ModelName = Pick<ModelFacts, 'id' | 'title' | 'hash' | 'bos'>;

export const nameOf = ({ id, title, hash, bos }: ModelFacts): ModelName => ({
  id,
  title,
  hash,
  ...(bos && { bos }),
});
