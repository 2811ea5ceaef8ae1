/**
 * The text of an experiment as the tokens a model takes, from the clone's own texts or the
 * experiment's.
 */
import type { TextRef } from '../src/spec/spec.ts';
import type { Bos, BosSetting } from '../src/model/bos.ts';
import type { CalibrationBatch } from '../src/model/calibration.ts';
import { contentOf } from '../src/runtime/context.ts';
import { batchOf, type LoadedModel } from '../src/runtime/load.ts';
import { bosEn } from '../src/words/bos.en.ts';
import { bundledText } from './bundled.ts';

/** Says on stderr what stands before every text; of token ids there is nothing to say. */
export function sayBos(bos: Bos | undefined): void {
  if (bos && bos.by !== 'ids') console.error(`rank-atlas: ${bosEn.said(bos)}.`);
}

/**
 * At most `sequences` sequences of `length` tokens, the BOS among them. Throws `bad-text`,
 * `no-bos`.
 */
export async function tokensOf(
  text: TextRef,
  shape: { sequences: number; length: number; bos: BosSetting },
  model: LoadedModel,
): Promise<CalibrationBatch> {
  return batchOf({ text, ...shape }, await contentOf(text, { bundledText }), model);
}
