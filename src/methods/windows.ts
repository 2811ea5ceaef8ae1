/**
 * The order of training data. The sequences of step `n` depend only on the seed and n. A resumed
 * run needs only its step number.
 */
import { defined } from '../checked.ts';
import { uniform } from '../device/random.ts';
import { keysOf } from '../device/streams.ts';
import type { TokenBatch } from '../engine/engine.ts';

/** A seeded permutation of `count` items (Fisher–Yates), one per epoch. */
export function epochOrder(seed: number, epoch: number, count: number): Uint32Array {
  const keys = keysOf(seed, 'order', epoch);
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(uniform(keys, i) * (i + 1));
    const swapped = order[i]!;
    order[i] = order[j]!;
    order[j] = swapped;
  }
  return order;
}

/** Copies the sequences of `data` with these numbers. */
export function pickSequences({ ids, length }: TokenBatch, numbers: ArrayLike<number>): TokenBatch {
  const out = new Int32Array(numbers.length * length);
  for (let i = 0; i < numbers.length; i++)
    out.set(ids.subarray(numbers[i]! * length, (numbers[i]! + 1) * length), i * length);
  return { ids: out, sequences: numbers.length, length };
}

/**
 * The batch of step `step` (from 1): `size` sequences, each once per epoch. The last batch of an
 * epoch continues into the next epoch.
 */
export function batchOfStep(
  data: TokenBatch,
  seed: number,
  step: number,
  size: number,
): TokenBatch {
  const count = data.sequences;
  const numbers = new Uint32Array(size);
  const orders = new Map<number, Uint32Array>();
  for (let i = 0; i < size; i++) {
    const at = (step - 1) * size + i;
    const epoch = Math.floor(at / count);
    if (!orders.has(epoch)) orders.set(epoch, epochOrder(seed, epoch, count));
    numbers[i] = defined(orders.get(epoch))[at % count]!;
  }
  return pickSequences(data, numbers);
}
