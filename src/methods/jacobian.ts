/**
 * The Jacobian probe: AdaRank's map from a handful of backward passes, without sampling noise. Ours; methods.md §6.
 *
 * To first order, noise `N ~ Normal(0, s²)` on a weight moves logit (t, v) by a Gaussian of standard deviation `s ‖J_tv‖`, with
 * `J_tv = ∂logit_tv/∂W`. Two independent draws part by one of `√2 s ‖J_tv‖`, whose mean size is `(2/√π) s ‖J_tv‖`. So AdaRank's
 * disagreement per position is `d ≈ (2/√π) s · mean_t Σ_v ‖J_tv‖`.
 *
 * A backward pass from random signs `u` over the logits of a sequence gives `‖∂(uᵀ logits)/∂W‖_F²`, whose mean over u is
 * `Σ_tv ‖J_tv‖²`, of all modules at once. With n = T·V logits a sequence `Σ_tv ‖J_tv‖ ≤ √n · √(Σ_tv ‖J_tv‖²)`, equal where all
 * logits are moved alike, hence
 *
 *     importance = (2/√π) s · √(V/T) · mean over sequences of √(mean over u of ‖∂(uᵀ logits)/∂W‖_F²).
 *
 * With `perToken` the signs cover one position at a time: T times the passes, `√V` in place of `√(V/T)`, the mean over
 * sequences and positions, and no loss by positions that differ.
 */
import { AtlasError } from '../errors.ts';
import type { CleanPass, Engine, GradientEngine, SignDraw } from '../engine/engine.ts';
import type { AdaRankOptions } from './adarank.ts';
import { studentT975, type Interval } from './statistics.ts';

export interface JacobianOptions {
  seed: number;
  /** Sign vectors u. */
  draws: number;
  perToken: boolean;
  /** AdaRank's noise, whose effect is predicted. */
  noise: AdaRankOptions['noise'];
}

/** One u: `‖∂(uᵀ logits)/∂W‖_F²`, [modules, parts], a part being a sequence, or with `perToken` a position of a sequence. */
export type JacobianDraw = readonly number[];

export type JacobianEvent =
  /** These draws go back through the model next. */
  | { type: 'passing'; draws: number[] }
  /** `squares[i]` belongs to `draws[i]`. */
  | { type: 'passed'; draws: number[]; squares: JacobianDraw[]; milliseconds: number };

/** Draws that go back as one batch: few rows keep a processor waiting for weights, so eight cost little more than one. */
const TOGETHER = 8;

/** What the probe asks of an engine. */
export type JacobianEngine = GradientEngine & Pick<Engine, 'weightStd' | 'vocab'>;

/**
 * All draws, a few at a time. Nothing is computed until the next event is asked for; `known(draw)` leaves out what is
 * measured already. Throws `not-finite` if a module's gradient is no finite number, and what the engine throws.
 */
export async function* jacobianProbe(
  engine: GradientEngine, pass: CleanPass, { seed, draws, perToken }: JacobianOptions, known: (draw: number) => boolean, now: () => number,
): AsyncGenerator<JacobianEvent, void, undefined> {
  const { sequences, length } = pass.batch, count = engine.modules.length, positions = perToken ? length : 1;
  const open = Array.from({ length: draws }, (_, d) => d).filter((d) => !known(d));
  while (open.length > 0) {
    const share = open.splice(0, TOGETHER);
    yield { type: 'passing', draws: share };
    const start = now();
    const passes = share.flatMap((draw): SignDraw[] => Array.from({ length: positions }, (_, position) => (perToken ? { seed, draw, position } : { seed, draw })));
    const norms = await engine.jacobianNorms(pass, passes);
    const squares = share.map((_, d) => Array.from({ length: count * sequences * positions }, (_, i) => {
      const module = Math.floor(i / (sequences * positions)), sequence = Math.floor(i / positions) % sequences, position = i % positions;
      const square = norms[((d * positions + position) * count + module) * sequences + sequence]!;
      if (!Number.isFinite(square)) throw new AtlasError('not-finite', { module: engine.modules[module]!.path });
      return square;
    }));
    yield { type: 'passed', draws: share, squares, milliseconds: now() - start };
  }
}

/** What the root of the mean square of each module is multiplied by. */
export function jacobianScales(engine: JacobianEngine, { length }: { length: number }, { noise, perToken }: Pick<JacobianOptions, 'noise' | 'perToken'>): number[] {
  const factor = (2 / Math.sqrt(Math.PI)) * Math.sqrt(engine.vocab / (perToken ? 1 : length));
  return engine.modules.map(({ index }) => factor * (noise.scale === 'std' ? engine.weightStd(index) : noise.sigma));
}

/** One importance per module, in AdaRank's unit: ℓ1 over the vocabulary, per position. At least one draw. */
export function jacobianImportances(draws: readonly JacobianDraw[], scales: readonly number[]): number[] {
  const parts = draws[0]!.length / scales.length;
  return scales.map((scale, m) => {
    let roots = 0;
    for (let p = m * parts; p < (m + 1) * parts; p++) roots += Math.sqrt(draws.reduce((sum, squares) => sum + squares[p]!, 0) / draws.length);
    return (scale * roots) / parts;
  });
}

/** Jackknife over u: standard error of each importance; null with fewer than two draws. It does not see what first order leaves out. */
export function jacobianErrors(draws: readonly JacobianDraw[], scales: readonly number[]): number[] | null {
  const n = draws.length;
  if (n < 2) return null;
  const without = draws.map((_, left) => jacobianImportances(draws.filter((_, d) => d !== left), scales));
  return scales.map((_, m) => {
    const mean = without.reduce((sum, values) => sum + values[m]!, 0) / n;
    return Math.sqrt(((n - 1) / n) * without.reduce((sum, values) => sum + (values[m]! - mean) ** 2, 0));
  });
}

/** 95 % t-intervals over u; null with fewer than two draws. */
export function jacobianIntervals(draws: readonly JacobianDraw[], scales: readonly number[]): Interval[] | null {
  const errors = jacobianErrors(draws, scales);
  if (!errors) return null;
  const t = studentT975(draws.length - 1);
  return jacobianImportances(draws, scales).map((mean, m) => ({ mean, low: Math.max(0, mean - t * errors[m]!), high: mean + t * errors[m]! }));
}
