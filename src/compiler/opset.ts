/**
 * Steps of older operator sets in the form of set 21, which backward pieces are written in (4-bit
 * blocks need it): what used to be an attribute became an input.
 */
import { elementAt } from '../checked.ts';
import type { Builder } from './builder.ts';
import { stepOn } from './rewrite.ts';
import type { Step, Value } from './value.ts';

export const BACKWARD_OPSET = 21;

/** Integer lists that moved, in the order of the inputs they became. */
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

/** The step on `inputs` in its new form. */
export function modernised(b: Builder, step: Step, inputs: readonly (Value | null)[]): Step {
  const names = step.domain ? undefined : moved[step.op];
  if (!names) return stepOn(step, inputs);
  const lists = names.map((name) => {
    const a = step.attributes.get(name);
    return a?.type === 'ints' ? b.integers(a.value) : null;
  });
  const attributes = new Map([...step.attributes].filter(([name]) => !names.includes(name)));
  // Split into equal parts says now how many.
  if (step.op === 'Split' && inputs.length < 2 && !lists[0]) {
    const axis = step.attributes.get('axis');
    const at = axis?.type === 'int' ? axis.value : 0;
    lists[0] = b.integers(step.outputs.map((o) => elementAt(o.dims, at)));
  }
  if (lists.every((l) => l === null)) return stepOn(step, inputs);
  return stepOn({ ...step, attributes }, [...inputs, ...lists]);
}
