/** Computes the results of an engine that are compared between providers. */
import type { CutEngine } from '../../src/engine/cut-engine.ts';
import type { TokenBatch } from '../../src/engine/engine.ts';
import { difference } from '../../src/engine/backends/kernel-checks.ts';
import { jacobianSquares } from '../../src/methods/importance/jacobian.run.ts';
import { initialAdapters } from '../../src/methods/lora.ts';
import { ADAMW } from '../adamw.ts';

export interface Numbers {
  logits: Float32Array;
  /** One value per module, from one backward pass of the Jacobian probe. */
  jacobian: number[];
  /** Losses of three LoRA steps at rank 4. */
  losses: number[];
}

export async function numbersOf(engine: CutEngine, batch: TokenBatch): Promise<Numbers> {
  const logits = await engine.logits(batch);
  const pass = await engine.cleanPass(batch);
  const squares = await jacobianSquares(engine, pass, { seed: 1, perToken: false }, [0]);
  pass.dispose();
  const adapters = await engine.adapters(
    initialAdapters(
      1,
      engine.modules,
      engine.modules.map(() => 4),
    ),
  );
  const losses: number[] = [];
  for (let step = 1; step <= 3; step++) {
    const adamW = {
      step,
      learningRate: 1e-3,
      ...ADAMW,
      maxNorm: 1,
    };
    losses.push((await engine.trainStep(batch, { adapters, scale: () => 2 }, adamW)).loss);
  }
  adapters.dispose();
  return { logits, jacobian: squares.flat(), losses };
}

/** Largest permitted difference due to rounding, relative to the largest value. */
const ALLOWED: Record<keyof Numbers, number> = { logits: 1e-3, jacobian: 1e-2, losses: 1e-3 };

/**
 * Ends the process. Exits with 1 and a sentence if differences exceed the tolerance, unless
 * `meaningless` (a device that computes nothing).
 */
export function endWith(beyond: readonly string[], meaningless: boolean): never {
  if (beyond.length > 0 && !meaningless) {
    console.error(`Error: beyond what is allowed: ${beyond.join(', ')}`);
    process.exit(1);
  }
  process.exit(0);
}

/** The entries of `differences` that exceed the tolerance. */
export const beyond = (name: string, differences: Record<keyof Numbers, number>): string[] =>
  (['logits', 'jacobian', 'losses'] as const)
    .filter((key) => !(differences[key] <= ALLOWED[key]))
    .map((key) => `${name}, ${key}: ${differences[key].toExponential(1)} of ${ALLOWED[key]}`);

/** The largest difference of each result, relative to its largest value. */
export const apart = (a: Numbers, b: Numbers) => ({
  logits: difference(a.logits, b.logits),
  jacobian: difference(a.jacobian, b.jacobian),
  losses: difference(a.losses, b.losses),
});
