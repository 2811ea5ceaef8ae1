/**
 * Products with weights, brought to the few forms the engine and the module finder know.
 */
import { int } from '../fold/rule.ts';
import { count } from '../value.ts';
import type { Lowering } from './lowering.ts';


/** `x · Transpose(W)`, a tied head: Gemm with transB reads the embedding as it lies, `[vocab, hidden]`. */
export const transposedProduct: Lowering = (b, { inputs: [x, w] }) => {
  const step = w?.kind === 'computed' ? w.step : null, source = step?.inputs[0];
  if (!x || step?.op !== 'Transpose' || source?.kind !== 'weight' || source.dims.length !== 2 || x.dims.length < 2) return null;
  const [rows, width] = source.dims as [number, number];
  if (x.dims.at(-1) !== width) return null; // the rule for MatMul says what does not fit
  const flat = b.reshape(x, [count(x.dims.slice(0, -1)), width]);
  const y = b.one('Gemm', [flat, source], { transB: { type: 'int', value: 1 } });
  return [b.reshape(y, [...x.dims.slice(0, -1), rows])];
};

/** `accuracy_level` 4 rounds activations to 8 bits: too coarse to measure a perturbation through. */
export const dropAccuracyLevel: Lowering = (b, call) => {
  if (!call.attributes.has('accuracy_level')) return null;
  if (int(call, 'accuracy_level', 0) === 4) b.facts.roundsActivations = true;
  const attributes = new Map([...call.attributes].filter(([name]) => name !== 'accuracy_level'));
  return b.emit('MatMulNBits', call.inputs, { domain: 'com.microsoft', attributes });
};
