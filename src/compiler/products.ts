/**
 * Finds linear layers: the steps that multiply activations with a stored weight, and the format of
 * that weight.
 */
import { defined, elementAt } from '../checked.ts';
import type { Tensor } from '../onnx/graph.ts';
import { LINEAR_BITS, linearForm } from './linear.ts';
import { bnb4Sizes, nbitsSizes } from './fold/products.ts';
import { float, int } from './fold/rule.ts';
import type { WeightFormat } from './modules.ts';
import { count, type ComputedValue, type Step, type Value, type WeightValue } from './value.ts';
import { constantWeight } from './weight-tensor.ts';

export interface Product {
  step: Step;
  /** Activations, `[…, inFeatures]`. */
  x: Value;
  /** The output of the product's step, `[…, width]`. */
  y: ComputedValue;
  inFeatures: number;
  width: number;
  format: WeightFormat;
  /** Values first, then scales, then zero points. */
  tensors: readonly Tensor[];
  /** Float and int8 weights stored `[in, out]`. */
  transposed: boolean;
  /** Added by the product's step or right after it. */
  bias: Tensor | null;
}

/** Steps by the values they read. */
export type Readers = ReadonlyMap<Value, readonly Step[]>;

export function readersOf(steps: readonly Step[]): Readers {
  const readers = new Map<Value, Step[]>();
  for (const step of steps) {
    for (const value of new Set(step.inputs)) {
      if (!value) continue;
      const list = readers.get(value);
      if (list) list.push(step);
      else readers.set(value, [step]);
    }
  }
  return readers;
}

export function productOf(step: Step, readers: Readers): Product | null {
  const [x, w, third] = step.inputs;
  const y = step.outputs[0];
  if (!x || !w || !y?.depends) return null;
  const weight = weightOf(step, w);
  if (!weight) return null;
  const own = step.op === 'Gemm' ? third : step.op === 'MatMulNBits' ? step.inputs[5] : null;
  const width = elementAt(y.dims, -1);
  const bias = own?.kind === 'weight' ? own.tensor : biasAfter(y, width, readers);
  return { step, x, y, inFeatures: elementAt(x.dims, -1), width, bias, ...weight };
}

function weightOf(step: Step, w: Value): Pick<Product, 'format' | 'tensors' | 'transposed'> | null {
  const call = { ...step, outputs: 1 };
  const tensors = step.inputs.slice(1, 5).flatMap((v) => (v?.kind === 'weight' ? [v.tensor] : []));
  switch (step.op) {
    case 'MatMul': {
      const stored = w.dims.length === 2 ? storedWeight(w, 1) : null;
      return stored && { ...stored, transposed: true };
    }
    case 'Gemm': {
      const plain =
        !int(step, 'transA', 0) && float(step, 'alpha', 1) === 1 && float(step, 'beta', 1) === 1;
      const transposed = !int(step, 'transB', 0);
      const stored = plain ? storedWeight(w, transposed ? 1 : 0) : null;
      return stored && { ...stored, transposed };
    }
    case 'MatMulNBits': {
      const { bits, block, zeroPoints, floatPoints, reordered } = nbitsSizes(call);
      const more = { ...(floatPoints && { floatPoints }), ...(reordered && { reordered }) };
      return {
        format: { kind: 'nbits', bits, block, zeroPoints, ...more },
        tensors,
        transposed: false,
      };
    }
    case 'MatMulBnb4': {
      const { block, codebook } = bnb4Sizes(call);
      return tensors.length < 2
        ? null
        : { format: { kind: 'bnb4', block, codebook }, tensors, transposed: false };
    }
    default:
      return null;
  }
}

/**
 * Format and tensors of a float weight, or of an integer weight with its DequantizeLinear.
 * `outputs` is the axis of the output features.
 */
function storedWeight(w: Value, outputs: 0 | 1): Pick<Product, 'format' | 'tensors'> | null {
  if (w.kind === 'weight') return { format: floatFormat(w), tensors: [w.tensor] };
  const step = w.kind === 'computed' && w.step?.op === 'DequantizeLinear' ? w.step : null;
  if (!step) return null;
  const tensors = step.inputs.flatMap((v) =>
    v?.kind === 'weight'
      ? [v.tensor]
      : v?.kind === 'constant'
        ? [constantWeight(v.constant, v.constant, `${step.name}:constant`).tensor]
        : [],
  );
  if (tensors.length !== step.inputs.length) return null;
  const form = linearForm({ ...step, outputs: 1 });
  const bits = defined(LINEAR_BITS[defined(step.inputs[0]).type]);
  const plain = bits === 8 && form.block === null && (form.axis === null || form.axis === outputs);
  return { format: plain ? { kind: 'int8' } : { kind: 'linear', bits, ...form }, tensors };
}

const floatFormat = (w: WeightValue): WeightFormat => ({
  kind: w.tensor.type === 'float16' ? 'float16' : 'float32',
});

/** The only reader of a value, after any Reshapes that preserve its width. */
export function onlyReader(value: Value, readers: Readers): { step: Step; value: Value } | null {
  let at = value;
  for (;;) {
    const list = readers.get(at);
    if (list?.length !== 1) return null;
    const step = elementAt(list, 0);
    const next = elementAt(step.outputs, 0);
    if (step.op !== 'Reshape' || next.dims.at(-1) !== value.dims.at(-1)) return { step, value: at };
    at = next;
  }
}

function biasAfter(y: Value, width: number, readers: Readers): Tensor | null {
  const reader = onlyReader(y, readers);
  if (reader?.step.op !== 'Add') return null;
  const other = reader.step.inputs.find((v) => v !== reader.value);
  return other?.kind === 'weight' && count(other.dims) === width && other.dims.at(-1) === width
    ? other.tensor
    : null;
}
