/**
 * Memory of a batch of probes, counted before it is taken, with the estimates of `model/memory.ts`.
 * An entry is one perturbed copy of the token batch.
 */
import type { CompiledModel } from '../compiler/compiled.ts';
import { AtlasError } from '../errors.ts';
import { describeBytes } from '../model/figures.ts';
import { BACKWARD, copyBytes } from '../model/memory.ts';
import type { TokenBatch } from './engine.ts';

/**
 * Entries that fit into `budget` bytes, at least two; throws AtlasError `too-large` when not even
 * two do.
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
 * Stretches `[first, count]` of so many rows of `width` float32 numbers, about equal: as few as a
 * tensor of `largestTensor` bytes holds.
 */
export function rowParts(
  rows: number,
  width: number,
  largestTensor: number,
): [first: number, count: number][] {
  const most = Math.max(1, Math.floor(largestTensor / (4 * width)));
  const each = Math.ceil(rows / Math.ceil(rows / most));
  const parts: [number, number][] = [];
  for (let first = 0; first < rows; first += each)
    parts.push([first, Math.min(each, rows - first)]);
  return parts;
}

/**
 * Entries whose backward pass through a block fits into `budget` bytes, their own stream of all
 * layers included; throws `too-large` when not even one does.
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

/** The refusal, with both sizes in words. */
export function tooLarge(needed: number, allowed: number): AtlasError {
  return new AtlasError('too-large', {
    needed: describeBytes(needed),
    allowed: describeBytes(Math.max(0, allowed)),
  });
}
