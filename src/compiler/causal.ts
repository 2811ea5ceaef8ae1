/**
 * Finds out whether attention is causal, and the number of heads, from the constant masks that
 * folding leaves.
 */
import { elementAt } from '../checked.ts';
import { constantOf } from './fold/rule.ts';
import type { Constant } from './fold/constant.ts';
import { store } from './fold/constant.ts';
import type { Specialised } from './specialise.ts';
import type { Step } from './value.ts';

export interface Attention {
  /**
   * `causal`: later positions are masked everywhere. `open`: no mask at all. `other`: masked, but
   * later positions are visible.
   */
  kind: 'causal' | 'open' | 'other';
  heads: number | null;
}

/** The softmax maps scores at or below this value to zero. */
const HIDDEN = -1000;

export function attentionOf(s: Specialised): Attention {
  let heads: number | null = null;
  const kinds = new Set<Attention['kind']>();
  for (const step of s.steps) {
    const dims = elementAt(step.outputs, 0).dims;
    if (
      step.op !== 'Softmax' ||
      dims.length < 3 ||
      dims.at(-1) !== s.length ||
      dims.at(-2) !== s.length
    )
      continue;
    heads ??= dims.slice(1, -2).reduce((n, d) => n * d, 1);
    kinds.add(maskOf(step, s.length));
  }
  const kind = kinds.size === 1 ? elementAt([...kinds], 0) : kinds.size === 0 ? 'open' : 'other';
  return { kind, heads };
}

/** Follows the scores from the softmax back to the product of queries and keys. */
function maskOf(softmax: Step, length: number): Attention['kind'] {
  let value = softmax.inputs[0];
  let masked = false;
  while (value?.kind === 'computed' && value.step && value.step.op !== 'MatMul') {
    const step: Step = value.step;
    for (const [index, input] of step.inputs.entries()) {
      const c = constantOf(input);
      if (
        !c ||
        c.dims.at(-1) !== length ||
        (step.op !== 'Add' && !(step.op === 'Where' && index === 0))
      )
        continue;
      masked = true;
      const selectsScores = step.inputs[1]?.kind === 'computed';
      const hidden =
        step.op === 'Add' ? (x: number) => x <= HIDDEN : (x: number) => !x === selectsScores;
      if (hidesLater(c, length, hidden)) return 'causal';
    }
    value = step.inputs.find((v) => v?.kind === 'computed' && v.depends);
  }
  return masked ? 'other' : 'open';
}

function hidesLater(c: Constant, length: number, hidden: (x: number) => boolean): boolean {
  if (c.dims.length < 2 || c.dims.at(-2) !== length) return false;
  const { data } = store(c, [...c.stored.slice(0, -2), length, length]);
  return data.every((x, i) => i % length <= Math.floor(i / length) % length || hidden(x));
}
