/**
 * A part of the graph with some of its steps exchanged: what reads an exchanged value is copied,
 * all else is shared.
 */
import { defined, elementAt } from '../checked.ts';
import type { ComputedValue, Step, Value } from './value.ts';

/**
 * Values in place of a step's outputs; `inputs` are its own, rewritten. `stepOn` keeps the step.
 */
export type Change = (step: Step, inputs: readonly (Value | null)[]) => readonly Value[];

/** The step itself where its inputs are its own, else a copy on the new ones. */
export function stepOn(step: Step, inputs: readonly (Value | null)[]): Step {
  if (inputs.every((v, i) => v === step.inputs[i])) return step;
  const copy: Step = { ...step, inputs, outputs: [] };
  copy.outputs = step.outputs.map((v): ComputedValue => ({ ...v, step: copy }));
  return copy;
}

/**
 * Gives each value its rewritten form, up to those whose form is `given`; each step is visited
 * once.
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
