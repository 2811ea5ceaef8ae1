/**
 * What a run says while it happens. The dashboard, the terminal and the recorded file consume the
 * same stream.
 */
import type { ModuleInfo } from '../../compiler/modules.ts';
import type { ProviderInfo } from '../../engine/engine.ts';
import type { MeasuringEvent } from '../../methods/importance/measuring.ts';
import type { Bos } from '../../model/bos.ts';
import type { ExperimentSpec } from '../spec.ts';
import type { Draws } from './draws.ts';
import type { RunResult } from './result.ts';

/**
 * Draws by module, in their order: each has a name, (seed, module, draw), so any of them can be
 * gone on from. `times`: what they took, where that is to be counted.
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
      /** Draws of an earlier run of the same measurement, which this one goes on from. */
      known?: KnownDraws;
    }
  | { type: 'clean'; loss: number; milliseconds: number }
  /** What the method says (methods/importance/measuring.ts); a sweep with the time it took. */
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
  /** What stands before every text in this experiment, once that is known. */
  bos?: Bos;
}

/** A model as results name it, with what stood before its texts. */
export type ModelName = Pick<ModelFacts, 'id' | 'title' | 'hash' | 'bos'>;

export const nameOf = ({ id, title, hash, bos }: ModelFacts): ModelName => ({
  id,
  title,
  hash,
  ...(bos && { bos }),
});
