/**
 * The Jacobian probe: AdaRank's map from a handful of backward passes, without sampling noise.
 * Ours; methods.md §6.
 *
 * To first order, noise `N ~ Normal(0, s²)` on a weight moves logit (t, v) by a Gaussian of
 * standard deviation `s ‖J_tv‖`, with `J_tv = ∂logit_tv/∂W`. Two independent draws part by one of
 * `√2 s ‖J_tv‖`, whose mean size is `(2/√π) s ‖J_tv‖`. So AdaRank's disagreement per position is `d
 * ≈ (2/√π) s · mean_t Σ_v ‖J_tv‖`.
 *
 * A backward pass from random signs `u` over the logits of a sequence gives `‖∂(uᵀ logits)/∂W‖_F²`,
 * whose mean over u is `Σ_tv ‖J_tv‖²`, of all modules at once. With n = T·V logits a sequence `Σ_tv
 * ‖J_tv‖ ≤ √n · √(Σ_tv ‖J_tv‖²)`, equal where all logits are moved alike, hence
 *
 *     importance = (2/√π) s · √(V/T) · mean over sequences of
 *                  √(mean over u of ‖∂(uᵀ logits)/∂W‖_F²).
 *
 * Reported is the mean over u of the roots in place of the root of the mean: one number a draw,
 * whose spread over u is the interval. The two order the modules alike (docs/jacobian.md), the
 * root's concavity costs a percent or two of level.
 *
 * With `perToken` the signs cover one position at a time: T times the passes, `√V` in place of
 * `√(V/T)`, the mean over sequences and positions, and no loss by positions that differ.
 */
import { elementAt } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';
import type { CleanPass, Engine, GradientEngine, SignDraw } from '../../engine/engine.ts';
import type { AdaRankOptions } from './adarank.run.ts';
import type { MeasuredWith, MeasuringEvent } from './measuring.ts';

export interface JacobianOptions {
  seed: number;
  /** Sign vectors u. */
  draws: number;
  perToken: boolean;
  /** AdaRank's noise, whose effect is predicted. */
  noise: AdaRankOptions['noise'];
}

/**
 * One u: `‖∂(uᵀ logits)/∂W‖_F²`, [modules, parts], a part being a sequence, or with `perToken` a
 * position of a sequence.
 */
export type JacobianDraw = readonly number[];

/**
 * Passes that go back as one batch: few rows keep a processor waiting for weights, so eight cost
 * little more than one.
 */
const TOGETHER = 8;

/** What the probe asks of an engine. */
export type JacobianEngine = Pick<GradientEngine, 'jacobianNorms'> &
  Pick<Engine, 'modules' | 'weightStd' | 'vocab'>;

/**
 * These draws, as one batch. Throws `not-finite` if a module's gradient is no finite number, and
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
 * All draws; a value is one draw's importance, and all modules have theirs at once. The first draw
 * is alone, so that the whole map stands early; then eight passes go together. Nothing is computed
 * until the next event is asked for; `known` leaves out what is measured already. Throws what
 * `jacobianSquares` throws.
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
  const most = Math.max(1, Math.floor(TOGETHER / (options.perToken ? pass.batch.length : 1)));
  const open = (draw: number) =>
    engine.modules.flatMap(({ index }) => (known(index, draw) ? [] : [index]));
  for (let repeat = 0; repeat < options.draws;) {
    const modules = open(repeat);
    const draws = [repeat];
    // Draws known in part come between the sweeps: nothing is put together across them.
    while (
      repeat > 0 &&
      control.granularity() !== 'module' &&
      draws.length < Math.min(most, options.draws - repeat) &&
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

/** What the root of the square of each module is multiplied by. */
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
 * One importance per module, in AdaRank's unit: ℓ1 over the vocabulary, per position. At least one
 * draw.
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
