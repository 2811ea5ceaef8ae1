/** Memory, counted before it is taken. */
import type { CompiledModel } from '../compiler/compiled.ts';
import { AtlasError } from '../errors.ts';
import type { TokenBatch } from './engine.ts';

/** Bytes of all linear layers and of the vocabulary product as the engine holds it. */
export function weightBytes({ modules, head }: CompiledModel): number {
  const packed = head.format.kind === 'nbits' ? head.tensors.reduce((sum, t) => sum + t.bytes.byteLength, 0) : 4 * head.vocab * head.hidden;
  return modules.reduce((sum, m) => sum + m.bytes, packed);
}

/**
 * Estimate of the workspace of one entry (one perturbed copy of the token batch) on its way through the blocks: the additive
 * inputs of all sites, a few copies of the stream, the widest activations and the attention scores.
 */
export function entryBytes({ blocks, hidden }: CompiledModel, { sequences, length }: TokenBatch): number {
  const widths = blocks.map(({ sites }) => sites.map((s) => s.width));
  const deltas = Math.max(...widths.map((w) => w.reduce((a, b) => a + b, 0)));
  const widest = Math.max(hidden, ...widths.flat()), heads = Math.ceil(hidden / 64);
  return 4 * sequences * length * (deltas + 6 * hidden + 3 * widest + 3 * heads * length);
}

/** Entries that fit into `budget` bytes, at least two; throws AtlasError `too-large` when not even two do. */
export function entriesThatFit(model: CompiledModel, batch: TokenBatch, budget: number, largestTensor: number): number {
  const each = entryBytes(model, batch);
  const widest = 4 * batch.sequences * batch.length * Math.max(...model.blocks.flatMap(({ sites }) => sites.map((s) => s.width)));
  const fit = Math.floor(Math.min(budget / each, largestTensor / widest));
  if (fit < 2) {
    const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
    throw new AtlasError('too-large', { needed: megabytes(2 * each), allowed: megabytes(Math.max(0, budget)) });
  }
  return fit;
}
