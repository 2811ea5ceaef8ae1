/**
 * Counts the memory of a batch before it is allocated, with the estimates of `model/memory.ts`. An
 * entry is one perturbed copy of the token batch.
 */
import type { CompiledModel } from '../compiler/compiled.ts';
import { AtlasError } from '../errors.ts';
import { describeBytes } from '../model/figures.ts';
import { BACKWARD, copyBytes } from '../model/memory.ts';
import type { TokenBatch } from './engine.ts';

/**
 * Number of entries that fit into `budget` bytes, at least two. Throws AtlasError `too-large` if
 * two do not fit.
 */
export function entriesThatFit(
  model: CompiledModel,
  batch: TokenBatch,
  budget: number,
  largestTensor: number,
): number {
  const each = copyBytes(model, batch);
  const scores = (model.heads ?? Math.ceil(model.hidden / 64)) * batch.length;
  const widths = model.blocks.flatMap(({ sites }) => sites.map((s) => s.width));
  const widest = 4 * batch.sequences * batch.length * Math.max(model.hidden, scores, ...widths);
  const fit = Math.floor(Math.min(budget / each, largestTensor / widest));
  if (fit < 2)
    throw 2 * each > budget ? tooLarge(2 * each, budget) : tooLarge(2 * widest, largestTensor);
  return fit;
}

/**
 * Splits `rows` rows of `width` float32 numbers into about equal parts `[first, count]`: as few as
 * tensors of `largestTensor` bytes allow.
 */
export function rowParts(
  rows: number,
  width: number,
  largestTensor: number,
): [first: number, count: number][] {
  const maxRows = Math.max(1, Math.floor(largestTensor / (4 * width)));
  const each = Math.ceil(rows / Math.ceil(rows / maxRows));
  const parts: [number, number][] = [];
  for (let first = 0; first < rows; first += each)
    parts.push([first, Math.min(each, rows - first)]);
  return parts;
}

/**
 * Number of entries whose backward pass through a block fits into `budget` bytes, including each
 * entry's residual stream of all layers. Throws AtlasError `too-large` if one does not fit.
 */
export function backwardEntriesThatFit(
  model: CompiledModel,
  batch: TokenBatch,
  budget: number,
): number {
  const each =
    BACKWARD * copyBytes(model, batch) +
    4 * batch.sequences * batch.length * model.hidden * (model.layers + 2);
  const fit = Math.floor(budget / each);
  if (fit < 1) throw tooLarge(each, budget);
  return fit;
}

/** The AtlasError `too-large`, with both sizes in words. */
export function tooLarge(needed: number, allowed: number): AtlasError {
  return new AtlasError('too-large', {
    needed: describeBytes(needed),
    allowed: describeBytes(Math.max(0, allowed)),
  });
}
