/**
 * Makes the base of an experiment: runs the base's study from its checkpoint or from the start.
 * Stops once the weights exist, and skips their evaluation.
 */
import { defined } from '../checked.ts';
import { makerOf } from './base-kinds.ts';
import type { StudyContext } from './context.ts';
import type { DerivedBase } from './derived-base.ts';
import { pulled } from './pulled.ts';
import { studyOf } from './registry.ts';

/**
 * Yields the progress, 0 to 1, after every event of the study. Throws what the study throws, and
 * RangeError if the experiment's base is the original model.
 */
export async function* deriveBase(
  context: StudyContext,
): AsyncGenerator<number, DerivedBase, undefined> {
  const maker = makerOf(context.spec.base);
  if (maker === null) throw new RangeError('no study makes the original model');
  const study = studyOf(maker);
  const [code, share] = await Promise.all([study.code(), defined(study.makes).share()]);
  let derived: DerivedBase | null = null;
  const saveBase = (base: DerivedBase) => {
    derived = base;
  };
  for await (const { state } of pulled(code, { ...context, saveBase })) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- set by the study
    if (derived !== null) return derived;
    yield share(state);
  }
  throw new Error('the study ended without a base');
}
