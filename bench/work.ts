/**
 * The kinds of work that benchmarks count and time: a sweep, a training step, a Jacobian probe and
 * a token.
 */
import type { CutEngine } from '../src/engine/cut-engine.ts';
import type { TokenBatch } from '../src/engine/engine.ts';
import { adaRank } from '../src/methods/importance/adarank.run.ts';
import { jacobianSquares } from '../src/methods/importance/jacobian.run.ts';
import { initialAdapters } from '../src/methods/lora.ts';
import { likeliest } from '../src/methods/sampling.ts';
import { toEnd } from '../src/methods/to-end.ts';
import { ADAMW } from './adamw.ts';

const tokens = ({ vocab }: CutEngine, sequences: number, length: number): TokenBatch => ({
  ids: Int32Array.from({ length: sequences * length }, (_, i) => (i * i * 7 + 3) % vocab),
  sequences,
  length,
});

/** Maximum number of tokens to generate. */
const TOKENS = 16;

/** Repetitions before counting. They create the sessions and fill the runtime's buffer pool. */
export const BEFORE = 2;

/**
 * Each function prepares work on its own engine and returns a task to repeat. The task that
 * generates a token can run at most `TOKENS` - 1 times.
 */
export const work = ({
  sequences,
  length,
}: {
  sequences: number;
  length: number;
}): Record<string, (engine: CutEngine) => Promise<() => Promise<unknown>>> => ({
  'AdaRank sweep': async (engine) => {
    const pass = await engine.cleanPass(tokens(engine, sequences, length));
    const options = {
      seed: 1,
      variant: 'two-draws',
      noise: { scale: 'std' },
      repeats: 1,
      vocabularySample: 0,
    } as const;
    return () =>
      toEnd(
        adaRank({
          engine,
          pass,
          options,
          control: { granularity: () => 'layer' },
          known: () => false,
          now: () => 0,
        }),
      );
  },
  'LoRA step': async (engine) => {
    const adapters = await engine.adapters(
      initialAdapters(
        1,
        engine.modules,
        engine.modules.map(() => 8),
      ),
    );
    const batch = tokens(engine, 1, sequences * length);
    const adamW = {
      step: 1,
      learningRate: 1e-3,
      ...ADAMW,
      maxNorm: 1,
    };
    return () => engine.trainStep(batch, { adapters, scale: () => 2 }, adamW);
  },
  'Jacobian probe': async (engine) => {
    const pass = await engine.cleanPass(tokens(engine, sequences, length));
    return () =>
      jacobianSquares(engine, pass, { seed: 1, perToken: false }, [0, 1, 2, 3, 4, 5, 6, 7]);
  },
  token: async (engine) => {
    const text = engine.generate({
      prompt: tokens(engine, 1, 8).ids,
      tokens: TOKENS,
      choose: likeliest,
    });
    await text.next();
    return () => text.next();
  },
});
