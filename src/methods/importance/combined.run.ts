/** Measures the draws of the combined method. `combined.ts` computes importances from them. */
import type { Engine } from '../../engine/engine.ts';
import { adaRank, type AdaRankOptions } from './adarank.run.ts';
import { jacobianProbe, type JacobianEngine } from './jacobian.run.ts';
import type { MeasuredWith, MeasuringEvent } from './measuring.ts';

export interface CombinedOptions {
  seed: number;
  noise: AdaRankOptions['noise'];
  /** Sign draws of the probe: repeats 0 … signs − 1. */
  signs: number;
  /** Sampled draws: the repeats after those. */
  repeats: number;
}

/** Yields the probe's draws first, so that a map appears at once, then the sampled draws. */
export async function* combinedDraws({
  engine,
  pass,
  options: { seed, noise, signs, repeats },
  control,
  known,
  now,
}: MeasuredWith<Engine & JacobianEngine, CombinedOptions>): AsyncGenerator<
  MeasuringEvent,
  void,
  undefined
> {
  yield* jacobianProbe({
    engine,
    pass,
    options: { seed, noise, draws: signs, perToken: false },
    control,
    known,
    now,
  });
  const sampled = adaRank({
    engine,
    pass,
    options: { seed, noise, repeats, variant: 'two-draws', vocabularySample: 0 },
    control,
    known: (m, r) => known(m, signs + r),
    now,
  });
  for await (const event of sampled) yield { ...event, repeat: signs + event.repeat };
}
