/**
 * AdaRank: how much a module matters is how far the predictions of two noisy copies of it part.
 *
 * Source: arXiv 2408.09015 and its notebook, google-research/adaptive_low_rank; methods.md §3.
 *
 * `two-draws`, the paper's (default). For a module with weight `W` draw Gaussian noise `N₁`, `N₂`
 * of W's shape independently; `d = mean over positions of Σ_vocabulary |logits(W + N₁) − logits(W +
 * N₂)|`. Repeat about five times; the importance is the mean. Where the paper is silent: the
 * distance is taken per token position, every position of the batch counts alike, and `std(W)`, the
 * noise's scale, is the population one.
 *
 * `clean`, the published notebook's: one noisy copy against the clean output, the *mean* of
 * |difference| over the vocabulary instead of the sum (a constant factor: ranks do not see it), and
 * the bias is shaken too. Two differences to the notebook remain on purpose. It never restores the
 * weights, so its noise piles up over repeats; here every probe starts from the clean weights. And
 * it reads a classifier's pooled output; here it is a language model's logits, at every position.
 *
 * Draws are named, never stored: repeat `r` of module `m` shakes it by the streams `(seed, m, 2r)`
 * and `(seed, m, 2r + 1)` of the counter-based generator; `clean` uses `2r`. So any draw can be
 * asked for alone, in any order, on any provider.
 *
 * Repeats run as sweeps: one draw of every module, then the next, so that the whole map stands
 * after the first sweep and then sharpens. The modules of a layer are probed as one batch, since
 * they share the layers that follow; where the tokens are few, several repeats and neighbouring
 * layers fill a batch together, but for a first sweep that is watched.
 */
import { elementAt } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';
import type { CleanPass, Engine, Probe } from '../../engine/engine.ts';
import type { Control, Known, MeasuredWith, MeasuringEvent } from './measuring.ts';
import type { Noise } from './settings.ts';

export interface AdaRankOptions {
  seed: number;
  variant: 'two-draws' | 'clean';
  /** The noise's standard deviation: `std(W)` of each module, or σ for all. */
  noise: Noise;
  repeats: number;
  /** Tokens of the vocabulary over which ℓ1 is sampled (unbiased); 0 = all. */
  vocabularySample: number;
}

/** The probe of one module in one repeat. */
export function probeOf(
  engine: Engine,
  options: AdaRankOptions,
  module: number,
  repeat: number,
): Probe {
  const { seed, noise, variant } = options;
  const std = noise.scale === 'std' ? engine.weightStd(module) : noise.sigma;
  const a = { seed, draw: 2 * repeat, std };
  if (variant === 'clean') return { module, a, b: null, bias: true };
  return { module, a, b: { seed, draw: 2 * repeat + 1, std } };
}

/**
 * All repeats of all modules, a batch at a time; a value is the disagreement, ℓ1 summed
 * (`two-draws`) or averaged (`clean`) over the vocabulary. Nothing is computed until the next event
 * is asked for, so a caller pauses by not asking. `known(module, repeat)` leaves out what is
 * measured already. Throws `not-finite` if a probe gives no finite number.
 */
export async function* adaRank({
  engine,
  pass,
  options,
  control,
  known,
  now,
}: MeasuredWith<Engine, AdaRankOptions>): AsyncGenerator<MeasuringEvent, void, undefined> {
  // The same tokens for every probe of a run, so that modules stay comparable.
  const sample =
    options.vocabularySample > 0
      ? { size: options.vocabularySample, seed: options.seed }
      : undefined;
  const scale = options.variant === 'clean' ? 1 / engine.vocab : 1;
  for (let repeat = 0; repeat < options.repeats;) {
    const { repeats: count, layers } = together(engine, pass, { options, control, repeat, known });
    let open = engine.modules.filter((m) => !known(m.index, repeat));
    while (open.length > 0) {
      const { layer } = elementAt(open, 0);
      const taken =
        control.granularity() === 'module'
          ? open.slice(0, 1)
          : open.filter((m) => m.layer < layer + layers);
      const modules = taken.map((m) => m.index);
      open = open.slice(taken.length);
      yield { type: 'probing', repeat, layer, modules };
      const start = now();
      const probes = Array.from({ length: count }, (_, i) =>
        modules.map((m) => probeOf(engine, options, m, repeat + i)),
      ).flat();
      const sums = await engine.disagreement(pass, probes, sample);
      const milliseconds = (now() - start) / probes.length;
      for (const l of new Set(taken.map((m) => m.layer))) {
        const own = modules.filter((m) => elementAt(engine.modules, m).layer === l);
        const at = modules.indexOf(own[0]!);
        for (let i = 0; i < count; i++) {
          const values = own.map((_, j) => sums[i * modules.length + at + j]! * scale);
          const odd = values.findIndex((d) => !Number.isFinite(d));
          if (odd >= 0)
            throw new AtlasError('not-finite', {
              module: elementAt(engine.modules, own[odd]!).path,
            });
          yield {
            type: 'draws',
            repeat: repeat + i,
            layer: l,
            modules: own,
            values,
            milliseconds: own.length * milliseconds,
          };
        }
      }
    }
    for (const end = repeat + count; repeat < end; repeat++) yield { type: 'sweep', repeat };
  }
}

/**
 * A batch takes in no more layers than that: each makes it another size, and every size needs
 * sessions of its own.
 */
const LAYERS_TOGETHER = 4;

/**
 * Repeats, and neighbouring layers, whose probes go on as one batch: where the tokens are few,
 * several fill it, repeats first (the rest of them in even shares). A first sweep that is watched
 * goes layer by layer. Where nobody waits for the next number a batch may be twice as large: with 8
 * tokens a run on SmolLM2 is 8 % faster for it. Draws that are known already come between the
 * sweeps, so nothing is put together across them.
 */
function together(
  engine: Engine,
  { batch: { sequences, length } }: CleanPass,
  {
    options: { variant, repeats },
    control,
    repeat,
    known,
  }: { options: AdaRankOptions; control: Control; repeat: number; known: Known },
): { repeats: number; layers: number } {
  const granularity = control.granularity();
  if (granularity === 'module' || (granularity === 'layer' && repeat === 0))
    return { repeats: 1, layers: 1 };
  const widest = Math.max(
    ...Array.from(
      { length: engine.layers },
      (_, l) => engine.modules.filter((m) => m.layer === l).length,
    ),
  );
  const rows = widest * (variant === 'clean' ? 1 : 2) * sequences * length;
  const most = Math.max(
    1,
    Math.floor((engine.fullRows * (granularity === 'batch' ? 2 : 1)) / rows),
  );
  const left = repeats - repeat;
  const share = Math.ceil(left / Math.ceil(left / most));
  const mixed = Array.from({ length: share }, (_, i) => repeat + i).some((r) =>
    engine.modules.some((m) => known(m.index, r)),
  );
  const count = mixed ? 1 : share;
  return {
    repeats: count,
    layers: Math.min(LAYERS_TOGETHER, Math.max(1, Math.floor(most / count))),
  };
}
