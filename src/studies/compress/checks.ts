/** The measured effect of small removals, to compare with the prediction. */
import { defined, elementAt } from '../../checked.ts';
import { withoutComponents, type SmallRemoval } from '../../methods/compress/checks.ts';
import type { Workbench } from '../../methods/compress/workbench.ts';
import type { CompressRun, Steps } from './phases.ts';

/** Measures small removals one at a time, to compare with the first-order prediction. */
export async function* measureChecks(
  run: CompressRun,
  bench: Workbench,
  planned: readonly SmallRemoval[],
): Steps {
  const { modules } = run.context.model;
  const before = defined(run.now.base);
  for (const { module, blocks, from, to, predicted } of planned.slice(run.now.checks.length)) {
    const w = withoutComponents(
      run.weights.of(module),
      run.weights.decomposed(module, blocks),
      from,
      to,
    );
    const judged = yield* run.under({
      bench,
      phase: 'checks',
      module,
      weight: w,
      done: run.now.checks.length,
      of: planned.length,
    });
    await run.engine.setWeight(module, null);
    yield {
      type: 'check',
      check: {
        path: elementAt(modules, module).path,
        blocks,
        from,
        to,
        predicted,
        measured: judged.loss - before.loss,
      },
    };
  }
}
