/** The search: tries the planned removals on the calibration samples. */
import { defined, elementAt } from '../../checked.ts';
import type { Candidate } from '../../methods/compress/candidates.ts';
import type { Workbench } from '../../methods/compress/workbench.ts';
import { figuresOf, type CompressRun, type Steps } from './phases.ts';
import { inForce, isBetter, type Removal } from './state.ts';

/**
 * Tries the candidates in order, each on top of the accepted ones. A module has one form: a later
 * accepted trial replaces an earlier one.
 */
export async function* scan(
  run: CompressRun,
  bench: Workbench,
  candidates: readonly Candidate[],
): Steps {
  const {
    context: { now },
    engine,
  } = run;
  const of = candidates.length;
  const first = run.now.trials.length;
  for (const candidate of candidates.slice(first)) {
    const start = now();
    const { trials } = run.now;
    const current = trials.findLast((t) => t.accepted)?.figures ?? defined(run.now.base);
    const { module } = candidate;
    const judged = yield* run.under({
      bench,
      phase: 'scan',
      module,
      weight: run.weights.cut(candidate),
      done: trials.length,
      of,
    });
    const figures = figuresOf(judged);
    const accepted = isBetter(figures, current);
    if (accepted) bench.settle(run.layerOf(module));
    else {
      const earlier = trials.findLast((t) => t.accepted && t.module === module);
      await engine.setWeight(module, earlier ? run.weights.cut(earlier) : null);
    }
    yield {
      type: 'trial',
      trial: {
        ...removalOf(run, candidate),
        firstOrder: -candidate.score,
        predicted: candidate.curvature - candidate.score,
        measured: figures.loss - current.loss,
        figures,
        accepted,
        milliseconds: now() - start,
      },
    };
  }
  const placed = inForce(run.now.trials).map((i) => elementAt(run.now.trials, i).module);
  if (first === of || placed.length === 0) return;
  for (const module of placed) await engine.setWeight(module, null);
  bench.settle(0);
  yield* run.working({
    phase: 'scan',
    work: bench.refresh(),
    steps: bench.batches,
    done: of,
    of,
  });
}

/** Sets the weights that result from these trials. */
export async function placeTrials(run: CompressRun, trials: readonly number[]): Promise<void> {
  for (const i of trials) {
    const trial = elementAt(run.now.trials, i);
    await run.engine.setWeight(trial.module, run.weights.cut(trial));
  }
}

function removalOf(
  { context: { model } }: CompressRun,
  { module, blocks, rho, keep, dropped }: Candidate,
): Removal {
  const { path } = elementAt(model.modules, module);
  return { module, path, blocks, rho, keep, dropped };
}
