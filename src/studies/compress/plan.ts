/** Proposes removals: decompositions, and one backward pass over the calibration samples. */
import { defined, elementAt } from '../../checked.ts';
import type { TrainingBatch } from '../../engine/engine.ts';
import {
  directionsOf,
  ordered,
  SigmaGradients,
  type Candidate,
} from '../../methods/compress/candidates.ts';
import { smallRemovals, type SmallRemoval } from '../../methods/compress/checks.ts';
import { answersOf } from '../../methods/compress/task.ts';
import type { Workbench } from '../../methods/compress/workbench.ts';
import type { CompressRun, Steps } from './phases.ts';

/** Tokens per backward batch: few, so that a step takes well under a second. */
const BACKWARD_ROWS = 256;

/** The removals that the backward pass proposes, in the order of trial. */
export interface Plan {
  checks: SmallRemoval[];
  candidates: Candidate[];
}

/** Decompositions and one backward pass, and the planned removals. */
export async function* planRemovals(run: CompressRun, bench: Workbench): Steps<Plan> {
  const {
    spec: { compress, seed },
  } = run.context;
  const unknown = run.weights.unknown();
  yield* run.working({
    phase: 'svd',
    work: run.weights.decompose(unknown),
    steps: unknown.length,
  });
  const sums = yield* gradients(run, bench);
  for (const s of sums)
    if (s.of.blocks.length === compress.rowBlocks[0])
      yield { type: 'spectrum', spectrum: run.weights.spectrum(s) };
  const candidates = ordered(
    sums.flatMap((s) => s.candidates()),
    compress.ranking,
  );
  yield { type: 'candidates', count: candidates.length };
  return {
    checks: smallRemovals(sums, compress.checks, seed),
    candidates: candidates.slice(0, compress.trials),
  };
}

async function* gradients(run: CompressRun, bench: Workbench): Steps<SigmaGradients[]> {
  const {
    model: { modules },
    spec: {
      compress: { rowBlocks },
    },
  } = run.context;
  const batches = answersOf(bench.task, BACKWARD_ROWS);
  const sums = modules.flatMap(({ index }) =>
    rowBlocks.map((blocks) => new SigmaGradients(run.weights.decomposed(index, blocks))),
  );
  yield* run.working({
    phase: 'gradients',
    work: backward(run, sums, batches),
    steps: batches.length,
  });
  return sums;
}

/** One forward and backward pass over the right answers, in batches. */
async function* backward(
  { engine }: CompressRun,
  sums: readonly SigmaGradients[],
  batches: readonly TrainingBatch[],
): AsyncGenerator<void, void, undefined> {
  const directions = sums.map((s) =>
    directionsOf(s.of, () => engine.materialiseWeight(s.of.module)),
  );
  const all = directions.flat();
  for (const batch of batches) {
    const { gradients } = await engine.singularGradients(batch, all);
    const tokens = defined(batch.labels).reduce((n, label) => n + (label < 0 ? 0 : 1), 0);
    let at = 0;
    sums.forEach((sum, s) =>
      sum.add(
        gradients.slice(at, (at += elementAt(directions, s).length)),
        batch.sequences,
        tokens,
      ),
    );
    yield;
  }
}
