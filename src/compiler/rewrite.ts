/**
 * Rewrites a part of the graph with some steps replaced. Steps that depend on a replaced value are
 * copied, all others are shared.
 */
import { defined, elementAt } from '../checked.ts';
import type { ComputedValue, Step, Value } from './value.ts';

/**
 * Returns the replacements of a step's outputs; `inputs` are its rewritten inputs. Use `stepOn` to
 * leave the step unchanged.
 */
export type Change = (step: Step, inputs: readonly (Value | null)[]) => readonly Value[];

/** Returns the step itself if its inputs are unchanged, else a copy with the new inputs. */
export function stepOn(step: Step, inputs: readonly (Value | null)[]): Step {
  if (inputs.every((v, i) => v === step.inputs[i])) return step;
  const copy: Step = { ...step, inputs, outputs: [] };
  copy.outputs = step.outputs.map((v): ComputedValue => ({ ...v, step: copy }));
  return copy;
}

/**
 * Returns a function that rewrites a value. The search ends at the values in `given`; each step is
 * visited once.
 */
export function rewriting(
  given: ReadonlyMap<Value, Value>,
  change: Change,
): (value: Value) => Value {
  const known = new Map(given);
  const visit = (value: Value): Value => {
    if (value.kind !== 'computed' || !value.step) return value;
    const found = known.get(value);
    if (found) return found;
    const { step } = value;
    const inputs = step.inputs.map((v) => v && visit(v));
    const outputs = change(step, inputs);
    step.outputs.forEach((v, i) => known.set(v, elementAt(outputs, i)));
    return defined(known.get(value));
  };
  return visit;
}
