/**
 * Removes `Where(IsNaN(p), 0, p)` after a Softmax if the mask leaves no row fully masked. optimum
 * exports this guard for fully masked rows.
 */
import { constantOf } from '../fold/rule.ts';
import type { Value } from '../value.ts';
import type { Lowering } from './lowering.ts';

const stepOf = (v: Value | null | undefined) => (v?.kind === 'computed' ? v.step : null);

export const softmaxGuard: Lowering = (_, { inputs: [condition, , p] }) => {
  const guard = stepOf(condition);
  const softmax = stepOf(p);
  if (!p || guard?.op !== 'IsNaN' || guard.inputs[0] !== p || softmax?.op !== 'Softmax')
    return null;
  const scores = stepOf(softmax.inputs[0]);
  if (scores?.op !== 'Add') return null;
  const mask = constantOf(scores.inputs[1]) ?? constantOf(scores.inputs[0]);
  if (!mask) return null;
  const columns = mask.stored.at(-1) ?? 1;
  for (let row = 0; row < mask.data.length; row += columns) {
    let open = false;
    for (let i = 0; i < columns; i++) open ||= mask.data[row + i]! > -Infinity;
    if (!open) return null;
  }
  return [p];
};
