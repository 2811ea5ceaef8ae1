/**
 * Converts steps of older operator sets to set 21, in which attributes became inputs. Backward
 * pieces use set 21 because 4-bit blocks require it.
 */
import { elementAt } from '../checked.ts';
import type { Builder } from './builder.ts';
import { stepOn } from './rewrite.ts';
import type { Step, Value } from './value.ts';

export const BACKWARD_OPSET = 21;

/** Integer lists that moved, in the order of their new inputs. */
const moved: Readonly<Record<string, readonly string[]>> = {
  ReduceSum: ['axes'],
  ReduceMean: ['axes'],
  ReduceMax: ['axes'],
  ReduceMin: ['axes'],
  ReduceProd: ['axes'],
  Unsqueeze: ['axes'],
  Squeeze: ['axes'],
  Split: ['split'],
  Slice: ['starts', 'ends', 'axes'],
};

/** Returns the step on `inputs` in its new form. */
export function modernised(b: Builder, step: Step, inputs: readonly (Value | null)[]): Step {
  const names = step.domain ? undefined : moved[step.op];
  if (!names) return stepOn(step, inputs);
  const lists = names.map((name) => {
    const a = step.attributes.get(name);
    return a?.type === 'ints' ? b.integers(a.value) : null;
  });
  const attributes = new Map([...step.attributes].filter(([name]) => !names.includes(name)));
  // Splitting into equal parts now needs explicit sizes.
  if (step.op === 'Split' && inputs.length < 2 && !lists[0]) {
    const axis = step.attributes.get('axis');
    const at = axis?.type === 'int' ? axis.value : 0;
    lists[0] = b.integers(step.outputs.map((o) => elementAt(o.dims, at)));
  }
  if (lists.every((l) => l === null)) return stepOn(step, inputs);
  return stepOn({ ...step, attributes }, [...inputs, ...lists]);
}
