/**
 * Measures AdaRank importance: the distance between the logits of two perturbed models.
 *
 * Source: arXiv 2408.09015 and its notebook, google-research/adaptive_low_rank; methods.md §3,
 * which also lists our readings of the paper and the differences from the notebook.
 *
 * - `two-draws`, the paper's (default): independent Gaussian noise `N₁`, `N₂` of W's shape; `d =
 *   mean over positions of Σ_vocabulary |logits(W + N₁) − logits(W + N₂)|`.
 * - `clean`, the notebook's: one perturbed model against the clean pass, the *mean* of |difference|
 *   over the vocabulary (a constant factor, which does not affect ranks), bias perturbed too.
 *
 * Draws are named, not stored: repeat `r` of module `m` uses the streams `(seed, m, 2r)` and
 * `(seed, m, 2r + 1)`; `clean` uses `2r`. Any draw can be computed alone, in any order, on any
 * provider. Repeats run as sweeps, so the map is complete after the first sweep.
 */
import { elementAt } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';
import type { CleanPass, Engine, Probe } from '../../engine/engine.ts';
import type { Control, Known, MeasuredWith, MeasuringEvent } from './measuring.ts';
import type { Noise } from './settings.ts';

export interface AdaRankOptions {
  seed: number;
  variant: 'two-draws' | 'clean';
  /** Standard deviation of the noise: `std(W)` of each module, or σ for all. */
  noise: Noise;
  repeats: number;
  /** Number of vocabulary tokens over which ℓ1 is sampled (unbiased); 0 = all. */
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
 * Measures all repeats of all modules, one batch at a time. A value is the disagreement, ℓ1 summed
 * (`two-draws`) or averaged (`clean`) over the vocabulary. Computation starts only when the next
 * event is requested, so callers pause by not pulling. Skips values for which `known(module,
 * repeat)` holds. Throws `not-finite` if a probe gives no finite number.
 */
export async function* adaRank({
  engine,
  pass,
  options,
  control,
  known,
  now,
}: MeasuredWith<Engine, AdaRankOptions>): AsyncGenerator<MeasuringEvent, void, undefined> {
  // All probes of a run use the same tokens, so that modules are comparable.
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
 * Maximum layers per batch. Each number of layers makes another batch size, and every size needs
 * its own sessions.
 */
const LAYERS_TOGETHER = 4;

/**
 * How many repeats and neighbouring layers share a batch: repeats first, in even shares. A watched
 * first sweep runs layer by layer. `batch` granularity doubles the batch; with 8 tokens a run on
 * SmolLM2 is 8 % faster with it. Batches do not span repeats with known draws.
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
  const maxDraws = Math.max(
    1,
    Math.floor((engine.fullRows * (granularity === 'batch' ? 2 : 1)) / rows),
  );
  const left = repeats - repeat;
  const share = Math.ceil(left / Math.ceil(left / maxDraws));
  const mixed = Array.from({ length: share }, (_, i) => repeat + i).some((r) =>
    engine.modules.some((m) => known(m.index, r)),
  );
  const count = mixed ? 1 : share;
  return {
    repeats: count,
    layers: Math.min(LAYERS_TOGETHER, Math.max(1, Math.floor(maxDraws / count))),
  };
}
