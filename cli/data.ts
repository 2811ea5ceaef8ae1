/** Converts the text of an experiment to token ids. */
import type { TextRef } from '../src/spec/spec.ts';
import type { Bos, BosSetting } from '../src/model/bos.ts';
import type { CalibrationBatch } from '../src/model/calibration.ts';
import { contentOf } from '../src/runtime/context.ts';
import { batchOf, type LoadedModel } from '../src/runtime/load.ts';
import { bosEn } from '../src/words/bos.en.ts';
import { bundledText } from './bundled.ts';

/** Prints on stderr which tokens are put before every text. Prints nothing for token ids. */
export function printBos(bos: Bos | undefined): void {
  if (bos && bos.by !== 'ids') console.error(`rank-atlas: ${bosEn.describe(bos)}.`);
}

/**
 * At most `sequences` sequences of `length` tokens, including BOS. Throws `bad-text` and `no-bos`.
 */
export async function tokensOf(
  text: TextRef,
  shape: { sequences: number; length: number; bos: BosSetting },
  model: LoadedModel,
): Promise<CalibrationBatch> {
  return batchOf({ text, ...shape }, await contentOf(text, { bundledText }), model);
}
