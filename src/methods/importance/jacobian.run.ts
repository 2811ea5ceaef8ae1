/**
 * The Jacobian probe: AdaRank's map from a few backward passes, without sampling noise. Our method;
 * methods.md §6 derives it, docs/jacobian.md has the measurements.
 *
 * To first order, AdaRank's disagreement per position is `d ≈ (2/√π) s · mean_t Σ_v ‖J_tv‖`, with
 * `J_tv = ∂logit_tv/∂W` and noise of standard deviation s. A backward pass from random signs `u`
 * over the T·V logits of a sequence gives `‖∂(uᵀ logits)/∂W‖_F²` of all modules, whose mean over u
 * is `Σ_tv ‖J_tv‖²`. By Cauchy–Schwarz,
 *
 *     importance = (2/√π) s · √(V/T) · mean over sequences and u of ‖∂(uᵀ logits)/∂W‖_F.
 *
 * The mean is over norms, not over their squares: one number per draw, whose spread over u gives
 * the interval. It orders the modules alike and lowers the level slightly (docs/jacobian.md). With
 * `perToken` the signs cover one position at a time: T times the passes, `√V` in place of `√(V/T)`,
 * and no loss from differences between positions.
 */
import { elementAt } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';
import type { CleanPass, Engine, GradientEngine, SignDraw } from '../../engine/engine.ts';
import type { AdaRankOptions } from './adarank.run.ts';
import type { MeasuredWith, MeasuringEvent } from './measuring.ts';

export interface JacobianOptions {
  seed: number;
  /** Number of sign vectors u. */
  draws: number;
  perToken: boolean;
  /** AdaRank's noise, whose effect is predicted. */
  noise: AdaRankOptions['noise'];
}

/**
 * One u: `‖∂(uᵀ logits)/∂W‖_F²`, [modules, parts]. A part is a sequence, or with `perToken` a
 * position of a sequence.
 */
export type JacobianDraw = readonly number[];

/**
 * Backward passes per batch. With few rows the processor waits for weights, so eight cost little
 * more than one.
 */
const TOGETHER = 8;

/** The part of the engine that the probe needs. */
export type JacobianEngine = Pick<GradientEngine, 'jacobianNorms'> &
  Pick<Engine, 'modules' | 'weightStd' | 'vocab'>;

/**
 * Computes these draws as one batch. Throws `not-finite` if a module's gradient is not finite, and
 * what the engine throws.
 */
export async function jacobianSquares(
  engine: Pick<JacobianEngine, 'modules' | 'jacobianNorms'>,
  pass: CleanPass,
  { seed, perToken }: Pick<JacobianOptions, 'seed' | 'perToken'>,
  draws: readonly number[],
): Promise<JacobianDraw[]> {
  const { sequences, length } = pass.batch;
  const count = engine.modules.length;
  const positions = perToken ? length : 1;
  const passes = draws.flatMap((draw): SignDraw[] =>
    Array.from({ length: positions }, (_, position) =>
      perToken ? { seed, draw, position } : { seed, draw },
    ),
  );
  const norms = await engine.jacobianNorms(pass, passes);
  return draws.map((_, d) =>
    Array.from({ length: count * sequences * positions }, (_, i) => {
      const module = Math.floor(i / (sequences * positions));
      const sequence = Math.floor(i / positions) % sequences;
      const position = i % positions;
      const square = norms[((d * positions + position) * count + module) * sequences + sequence]!;
      if (!Number.isFinite(square))
        throw new AtlasError('not-finite', { module: elementAt(engine.modules, module).path });
      return square;
    }),
  );
}

/**
 * Measures all draws. A value is one draw's importance; each draw gives one for all modules. The
 * first draw runs alone, so that the map appears early; then eight passes share a batch.
 * Computation starts only when the next event is requested. Skips values for which `known` holds.
 * Throws what `jacobianSquares` throws.
 */
export async function* jacobianProbe({
  engine,
  pass,
  options,
  control,
  known,
  now,
}: MeasuredWith<JacobianEngine, JacobianOptions>): AsyncGenerator<MeasuringEvent, void, undefined> {
  const scales = jacobianScales(engine, pass.batch, options);
  const maxDraws = Math.max(1, Math.floor(TOGETHER / (options.perToken ? pass.batch.length : 1)));
  const open = (draw: number) =>
    engine.modules.flatMap(({ index }) => (known(index, draw) ? [] : [index]));
  for (let repeat = 0; repeat < options.draws;) {
    const modules = open(repeat);
    const draws = [repeat];
    // Batches do not span draws that are partly known.
    while (
      repeat > 0 &&
      control.granularity() !== 'module' &&
      draws.length < Math.min(maxDraws, options.draws - repeat) &&
      modules.length === engine.modules.length &&
      open(repeat + draws.length).length === modules.length
    )
      draws.push(repeat + draws.length);
    if (modules.length > 0) {
      yield { type: 'probing', repeat, layer: null, modules };
      const start = now();
      const squares = await jacobianSquares(engine, pass, options, draws);
      const milliseconds = (now() - start) / draws.length;
      for (const [d, draw] of draws.entries()) {
        const values = jacobianImportances([elementAt(squares, d)], scales);
        yield {
          type: 'draws',
          repeat: draw,
          layer: null,
          modules,
          values: modules.map((m) => values[m]!),
          milliseconds,
        };
      }
    }
    for (const draw of draws) yield { type: 'sweep', repeat: draw };
    repeat += draws.length;
  }
}

/** The factor of each module for the root of its square. */
export function jacobianScales(
  engine: JacobianEngine,
  { length }: { length: number },
  { noise, perToken }: Pick<JacobianOptions, 'noise' | 'perToken'>,
): number[] {
  const factor = (2 / Math.sqrt(Math.PI)) * Math.sqrt(engine.vocab / (perToken ? 1 : length));
  return engine.modules.map(
    ({ index }) => factor * (noise.scale === 'std' ? engine.weightStd(index) : noise.sigma),
  );
}

/**
 * One importance per module, in AdaRank's unit: ℓ1 over the vocabulary, per position. Needs at
 * least one draw.
 */
export function jacobianImportances(
  draws: readonly JacobianDraw[],
  scales: readonly number[],
): number[] {
  const parts = elementAt(draws, 0).length / scales.length;
  return scales.map((scale, m) => {
    let roots = 0;
    for (const squares of draws)
      for (let p = m * parts; p < (m + 1) * parts; p++) roots += Math.sqrt(squares[p]!);
    return (scale * roots) / (parts * draws.length);
  });
}
