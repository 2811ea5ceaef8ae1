/** Memory of a batch of probes, counted before it is taken. What a whole model takes is estimated in `model/memory.ts`. */
import type { CompiledModel } from '../compiler/compiled.ts';
import { AtlasError } from '../errors.ts';
import { describeBytes } from '../model/memory.ts';
import type { TokenBatch } from './engine.ts';

/** Bytes of all linear layers and of the vocabulary product as the engine holds them: half floats and odd formats widened. */
export function weightBytes({ modules, head }: CompiledModel): number {
  const packed = head.format.kind === 'nbits' ? head.vocab * head.hidden * (head.format.bits / 8 + 4 / head.format.block) : 4 * head.vocab * head.hidden;
  return modules.reduce((sum, m) => sum + (m.format.kind === 'float16' ? 2 : 1) * m.bytes, packed);
}

/**
 * Estimate of the workspace of one entry (one perturbed copy of the token batch) on its way through a block: the additive
 * inputs of all sites, a few copies of the stream, the widest activations and the attention scores.
 */
function entryBytes({ blocks, hidden, heads }: CompiledModel, { sequences, length }: TokenBatch): number {
  const widths = blocks.map(({ sites }) => sites.map((s) => s.width));
  const deltas = Math.max(...widths.map((w) => w.reduce((a, b) => a + b, 0)));
  const widest = Math.max(hidden, ...widths.flat()), scores = 3 * (heads ?? Math.ceil(hidden / 64)) * length;
  return 4 * sequences * length * (deltas + 6 * hidden + 3 * widest + scores);
}

/** Entries that fit into `budget` bytes, at least two; throws AtlasError `too-large` when not even two do. */
export function entriesThatFit(model: CompiledModel, batch: TokenBatch, budget: number, largestTensor: number): number {
  const each = entryBytes(model, batch);
  const widest = 4 * batch.sequences * batch.length * Math.max(...model.blocks.flatMap(({ sites }) => sites.map((s) => s.width)));
  const fit = Math.floor(Math.min(budget / each, largestTensor / widest));
  if (fit < 2) throw tooLarge(2 * each, budget);
  return fit;
}

/** The refusal, with both sizes in words. */
export function tooLarge(needed: number, allowed: number): AtlasError {
  return new AtlasError('too-large', { needed: describeBytes(needed), allowed: describeBytes(Math.max(0, allowed)) });
}
