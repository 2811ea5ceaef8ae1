/**
 * The compress study: Compress to Impress (methods.md §5). One backward pass over the calibration
 * samples scores every removal of singular components. The best removals are tried, and accepted if
 * the accuracy on these samples rises. Separate test samples evaluate the result.
 */
import { defined, elementAt } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';
import { chanceOf, type Judged } from '../../methods/compress/task.ts';
import { interval95 } from '../../methods/statistics.ts';
import { measureChecks } from './checks.ts';
import { evaluateSteps } from './evaluation.ts';
import { evaluateLaser, laserEvaluations, searchLaser } from './laser.ts';
import { CompressRun, figuresOf, type Steps } from './phases.ts';
import { planRemovals, type Plan } from './plan.ts';
import { placeTrials, scan } from './scan.ts';
import {
  inForce,
  type CompressEvent,
  type CompressPhase,
  type CompressResult,
  type CompressState,
} from './state.ts';
import { splitTask } from './task.ts';
import { nameOf } from '../map/events.ts';
import type { StudyContext } from '../context.ts';

/**
 * Runs the compress study (`study.ts`). Throws `bad-task`, `row-blocks`, `singular`, `bad-spec`,
 * and what `tokens` and `derive` throw.
 */
export async function* runCompress(context: StudyContext, now: () => CompressState): Steps {
  const {
    spec: { compress, training },
  } = context;
  const task = await splitTask(context);
  const plain = await context.tokens(compress.plain, {
    sequences: training.heldSequences,
    length: training.length,
  });
  const engine = await context.derive('float32');
  try {
    yield* phases(new CompressRun({ context, now, task: { ...task, plain }, engine }));
  } finally {
    await engine.dispose();
  }
}

/** A run after its backward pass: the planned trials, and the state so far. */
interface CompressCheckpoint {
  state: CompressState;
  plan: Plan;
  /** Milliseconds so far. */
  times: Record<CompressPhase, number>;
}

async function* phases(run: CompressRun): Steps {
  const { context, task, weights } = run;
  const { spec, model, provider, versions, checkpoint } = context;
  const { compress } = spec;
  const chance = chanceOf(task.calibration);
  const from = checkpoint?.from as CompressCheckpoint | undefined;
  yield from
    ? { type: 'resumed', state: from.state }
    : {
        type: 'start',
        spec,
        samples: task.calibration.length,
        test: task.test.length,
        chance,
        laserEvaluations: laserEvaluations(context),
      };
  Object.assign(run.times, from?.times);
  weights.open();
  const bench = run.bench(task.calibration);
  try {
    if (from && from.state.trials.length < from.plan.candidates.length)
      await placeTrials(run, inForce(from.state.trials));
    yield* run.working({ phase: 'samples', work: bench.open(), steps: bench.batches });
    if (!run.now.base)
      yield baseEvent(
        yield* run.working({ phase: 'samples', work: bench.judge(), steps: bench.batches }),
        chance,
      );
    const plan = from?.plan ?? (yield* planRemovals(run, bench));
    const snapshot = async (): Promise<CompressCheckpoint> => ({
      state: run.now,
      plan,
      times: { ...run.times },
    });
    checkpoint?.offer(snapshot);
    yield* measureChecks(run, bench, plan.checks);
    yield* scan(run, bench, plan.candidates);
    const { trials } = run.now;
    const accepted = inForce(trials);
    const steps = accepted.map((i) => elementAt(trials, i));
    const before = defined(run.now.base);
    const after = trials.findLast((t) => t.accepted)?.figures ?? before;
    context.saveBase?.({
      kind: 'compressed',
      cuts: steps,
      split: compress.split,
      seed: spec.seed,
    });
    if (compress.laser !== 'none') yield* searchLaser(run, bench);
    bench.dispose();
    // The evaluation is one unit: a resumed run repeats it from the start.
    const tried = await snapshot();
    checkpoint?.offer(async () => tried);
    const { samples, ...judged } = yield* evaluateSteps(run, steps);
    const laser = run.now.laser.length > 0 ? yield* evaluateLaser(run, run.now.laser) : null;
    const result: CompressResult = {
      format: 'rank-atlas-compress',
      version: 1,
      spec,
      model: nameOf(model),
      provider,
      versions,
      chance,
      calibration: { samples: task.calibration.length, before, after },
      candidates: run.now.candidates,
      checks: run.now.checks,
      trials,
      accepted,
      test: { samples: task.test.length, steps: judged.steps },
      plain: { length: task.plain.length, losses: judged.losses },
      samples,
      text: judged.text,
      laser,
      times: run.times,
    };
    yield { type: 'done', result };
  } finally {
    bench.dispose();
  }
}

/**
 * The model's accuracy must be above chance; otherwise there is nothing to gain or lose. Throws
 * `bad-task`.
 */
function baseEvent(before: Judged, chance: number): CompressEvent {
  if (!(before.accuracy > chance)) {
    throw new AtlasError('bad-task', {
      why: `the accuracy of this model is ${(100 * before.accuracy).toFixed(0)} %, which is not above the chance level of ${(100 * chance).toFixed(0)} %`,
      remedy: 'Choose an easier task.',
    });
  }
  const interval = interval95(before.samples.map((s) => s.right));
  return {
    type: 'base',
    figures: figuresOf(before),
    aboveChance: interval !== null && interval.low > chance,
  };
}
