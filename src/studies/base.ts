/**
 * Making the base of an experiment: its own study is run, from its checkpoint or anew, until the
 * weights are there; what would only judge them is left out.
 */
import { defined } from '../checked.ts';
import { makerOf } from './base-kinds.ts';
import type { StudyContext } from './context.ts';
import type { StudyState } from './contract.ts';
import type { MadeBase } from './made-base.ts';
import { studyOf } from './registry.ts';

/**
 * Yields how far it is, 0 to 1, after every event of the study. Throws what the study throws, and
 * RangeError for an experiment whose base is the model as it came.
 */
export async function* makeBase(
  context: StudyContext,
): AsyncGenerator<number, MadeBase, undefined> {
  const maker = makerOf(context.spec.base);
  if (maker === null) throw new RangeError('the model as it came is not made');
  const study = studyOf(maker);
  const [run, { reduce }, share] = await Promise.all([
    study.run(),
    study.view(),
    defined(study.makes).share(),
  ]);
  let made: MadeBase | null = null;
  let state: StudyState | null = null;
  const events = run({
    ...context,
    keepBase: (base) => {
      made = base;
    },
  });
  for await (const event of events) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- set by the study
    if (made !== null) return made;
    state = reduce(state, event);
    yield share(state);
  }
  throw new Error('the study ended without a base');
}
