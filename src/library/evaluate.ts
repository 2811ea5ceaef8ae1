/** The loss of a model on a batch, with or without an adapter. */
import type { TokenBatch } from '../engine/engine.ts';
import { toEnd } from '../methods/to-end.ts';
import { judged } from '../methods/training.ts';
import { withAdapter, type Adapter } from './adapter.ts';
import type { Model } from './model.ts';
import { checkArgument, checkAborted, pausing, refuseOthers } from './options.ts';

/** With which adapter a loss is computed. */
export interface EvaluateOptions {
  adapter?: Adapter;
  signal?: AbortSignal;
}

/** Sequences per pass. Bounds the workspace; the signal takes effect between passes. */
const SIZE = 4;

/**
 * Mean next-token loss over all sequences in nats per token. Throws `bad-argument` for an unknown
 * option, `bad-text`, `too-large`, `cancelled`, and `adapter-model` for an adapter of other shapes.
 */
export async function evaluate(
  model: Model,
  data: TokenBatch,
  { adapter, signal, ...others }: EvaluateOptions = {},
): Promise<number> {
  refuseOthers(others);
  checkArgument('batch', 'data', data);
  checkAborted(signal);
  return withAdapter(model, adapter, (use) =>
    toEnd(judged(model.engine, data, SIZE, use), pausing(signal)),
  );
}
