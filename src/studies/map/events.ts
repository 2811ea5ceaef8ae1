/**
 * What a run says while it happens. The dashboard, the terminal and the recorded file consume the
 * same stream.
 */
import type { ModuleInfo } from '../../compiler/modules.ts';
import type { ProviderInfo } from '../../engine/engine.ts';
import type { MeasuringEvent } from '../../methods/measuring.ts';
import type { Bos } from '../../model/bos.ts';
import type { ExperimentSpec } from '../spec.ts';
import type { RunResult } from './result.ts';

export type RunEvent =
  | {
      type: 'start';
      spec: ExperimentSpec;
      model: ModelFacts;
      provider: ProviderInfo;
      sequences: number;
      length: number;
    }
  | { type: 'clean'; loss: number; milliseconds: number }
  /** What the method says (methods/measuring.ts); a sweep with the time it took. */
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
