/**
 * Lowers Skip(Simplified)LayerNormalization: `sum = x + skip (+ bias)`, then the norm. Outputs:
 * norm, –, –, sum. The sum is the residual stream, so it must be a separate value for the cuts.
 */
import type { Builder } from '../builder.ts';
import { float, input, type Call } from '../fold/rule.ts';
import type { Value } from '../value.ts';
import type { Lowering } from './lowering.ts';

function sumOf(b: Builder, call: Call, bias: Value | null | undefined): Value {
  const sum = b.one('Add', [input(call, 0), input(call, 1)]);
  return bias ? b.one('Add', [sum, bias]) : sum;
}

export const skipSimplifiedLayerNorm: Lowering = (b, call) => {
  const sum = sumOf(b, call, call.inputs[3]);
  const norm = b.one('SimplifiedLayerNormalization', [sum, input(call, 2)], {
    axis: { type: 'int', value: -1 },
    epsilon: { type: 'float', value: float(call, 'epsilon', 1e-12) },
    stash_type: { type: 'int', value: 1 },
  });
  return [norm, null, null, sum];
};

export const skipLayerNorm: Lowering = (b, call) => {
  const sum = sumOf(b, call, call.inputs[4]);
  const norm = b.one('LayerNormalization', [sum, input(call, 2), call.inputs[3] ?? null], {
    axis: { type: 'int', value: -1 },
    epsilon: { type: 'float', value: float(call, 'epsilon', 1e-12) },
  });
  return [norm, null, null, sum];
};
