/** The baseline LASER (methods.md §5): every module at every ρ, evaluated one at a time. */
import { elementAt } from '../../checked.ts';
import { RHO_GRID } from '../../methods/compress/candidates.ts';
import type { Workbench } from '../../methods/compress/workbench.ts';
import { summarise } from '../../methods/statistics.ts';
import { epochOrder } from '../../methods/windows.ts';
import { plainLosses } from './evaluation.ts';
import { figuresOf, type CompressRun, type Steps } from './phases.ts';
import { isBetter, type LaserFigures, type LaserTrial } from './state.ts';
import type { StudyContext } from '../context.ts';

/** Number of evaluations in a sample of LASER's search. */
const LASER_SAMPLE = 24;

/** Number of evaluations in the whole search. */
export const laserEvaluations = ({ model }: StudyContext): number =>
  model.modules.length * RHO_GRID.length;

/**
 * LASER: every module at every ρ, one at a time, on the same samples; or a seeded sample of these
 * evaluations.
 */
export async function* searchLaser(run: CompressRun, bench: Workbench): Steps {
  const {
    spec: { compress, seed },
    model: { modules },
    now,
  } = run.context;
  const whole = laserEvaluations(run.context);
  const order =
    compress.laser === 'all'
      ? Array.from({ length: whole }, (_, i) => i)
      : [...epochOrder(seed, 1, whole)].slice(0, LASER_SAMPLE);
  for (const number of order.slice(run.now.laser.length)) {
    const start = now();
    const module = elementAt(modules, Math.floor(number / RHO_GRID.length));
    const rho = elementAt(RHO_GRID, number % RHO_GRID.length);
    const judged = yield* run.under({
      bench,
      phase: 'laser',
      module: module.index,
      weight: run.weights.cutTo(module.index, rho),
      done: run.now.laser.length,
      of: order.length,
    });
    await run.engine.setWeight(module.index, null);
    yield {
      type: 'laser',
      trial: {
        module: module.index,
        path: module.path,
        rho,
        figures: figuresOf(judged),
        milliseconds: now() - start,
      },
    };
  }
}

/** The best of the search on the test samples and the plain text. */
export async function* evaluateLaser(
  run: CompressRun,
  trials: readonly LaserTrial[],
): Steps<LaserFigures> {
  const best = trials.reduce((a, b) => (isBetter(b.figures, a.figures) ? b : a));
  const evaluations = laserEvaluations(run.context);
  const milliseconds = trials.reduce((sum, t) => sum + t.milliseconds, 0);
  const bench = run.bench(run.task.test);
  try {
    await run.engine.setWeight(best.module, run.weights.cutTo(best.module, best.rho));
    yield* run.working({ phase: 'laser', work: bench.open(), steps: bench.batches });
    const judged = yield* run.working({
      phase: 'laser',
      work: bench.judge(),
      steps: bench.batches,
    });
    const plain = summarise(yield* plainLosses(run)).mean;
    return {
      evaluations,
      made: trials.length,
      milliseconds,
      extrapolated: (milliseconds / trials.length) * evaluations,
      best,
      test: { ...figuresOf(judged), plain },
    };
  } finally {
    bench.dispose();
    await run.engine.setWeight(best.module, null);
  }
}
