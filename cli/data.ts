/** The text of an experiment as the tokens a model takes, from the clone's own texts or the experiment's. */
import type { TextRef } from '../src/experiment/spec.ts';
import type { CalibrationBatch } from '../src/model/calibration.ts';
import { batchOf, type LoadedModel } from '../src/worker/load.ts';
import { bundledText } from './bundled.ts';

/** At most `sequences` sequences of `length` tokens. Throws `bad-text`. */
export async function tokensOf(text: TextRef, shape: { sequences: number; length: number }, model: LoadedModel): Promise<CalibrationBatch> {
  const content = text.kind === 'bundled' ? await bundledText(text.id) : text.kind === 'own' ? text.text : '';
  return batchOf({ text, ...shape }, content, model);
}
