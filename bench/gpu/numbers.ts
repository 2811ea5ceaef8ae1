/** What an engine computes, to be compared between providers. */
import type { CutEngine } from '../../src/engine/cut-engine.ts';
import type { TokenBatch } from '../../src/engine/engine.ts';
import { difference } from '../../src/engine/self-test.ts';
import { jacobianSquares } from '../../src/methods/jacobian.ts';
import { initialAdapters } from '../../src/methods/lora.ts';

export interface Numbers {
  logits: Float32Array;
  /** Of one backward pass of the Jacobian probe, by module. */
  jacobian: number[];
  /** Of three LoRA steps at rank 4. */
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
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0,
      maxNorm: 1,
    };
    losses.push((await engine.trainStep(batch, { adapters, scale: () => 2 }, adamW)).loss);
  }
  adapters.dispose();
  return { logits, jacobian: squares.flat(), losses };
}

/** Largest difference over largest value, of each. */
export const apart = (a: Numbers, b: Numbers) => ({
  logits: difference(a.logits, b.logits),
  jacobian: difference(a.jacobian, b.jacobian),
  losses: difference(a.losses, b.losses),
});
