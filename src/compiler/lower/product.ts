/**
 * Converts products with weights to the few forms that the engine and the module finder support.
 */
import { defined } from '../../checked.ts';
import { full, type Constant } from '../fold/constant.ts';
import { nbitsSizes } from '../fold/products.ts';
import { int, type Call } from '../fold/rule.ts';
import { Clash, count, type ConstantValue, type Value } from '../value.ts';
import { constantWeight } from '../weight-tensor.ts';
import type { Lowering } from './lowering.ts';

const stepOf = (v: Value | null | undefined, op: string) =>
  v?.kind === 'computed' && v.step?.op === op ? v.step : null;

/** A weight of the file, unmodified or dequantised. */
const isWeight = (v: Value | null | undefined): v is Value =>
  v?.kind === 'weight' || stepOf(v, 'DequantizeLinear')?.inputs[0]?.kind === 'weight';

/**
 * `x · Transpose(W)`, a tied head: Gemm with transB reads the embedding in place, `[vocab,
 * hidden]`.
 */
export const transposedProduct: Lowering = (b, { inputs: [x, w] }) => {
  const source = stepOf(w, 'Transpose')?.inputs[0];
  if (!x || !isWeight(source) || source.dims.length !== 2 || x.dims.length < 2) return null;
  const [rows, width] = source.dims as [number, number];
  if (x.dims.at(-1) !== width) return null; // the MatMul rule reports the mismatch
  const flat = b.reshape(x, [count(x.dims.slice(0, -1)), width]);
  const y = b.one('Gemm', [flat, source], { transB: { type: 'int', value: 1 } });
  return [b.reshape(y, [...x.dims.slice(0, -1), rows])];
};

/**
 * `Dequantize(Transpose(W))` with one scale, an int8 tied head: moves the Transpose to the end,
 * where `transposedProduct` can remove it.
 */
export const dequantisedTranspose: Lowering = (b, call) => {
  const [x, scale, zero] = call.inputs;
  const transpose = stepOf(x, 'Transpose');
  const source = transpose?.inputs[0];
  if (source?.kind !== 'weight' || !scale || count(scale.dims) !== 1) return null;
  const plain = b.one('DequantizeLinear', [source, scale, ...(zero ? [zero] : [])]);
  return b.emit('Transpose', [plain], { attributes: defined(transpose).attributes });
};

/**
 * Removes `accuracy_level`: level 4 rounds activations to 8 bits, too coarse to measure a
 * perturbation. Converts `g_idx` and computed values, scales or zero points to weights, since they
 * differ by layer.
 */
export const packedProduct: Lowering = (b, call) => {
  const level = call.attributes.has('accuracy_level');
  const made = call.inputs.slice(1, 5).some((v) => v?.kind === 'constant');
  if (!made && !level) return null;
  if (int(call, 'accuracy_level', 0) === 4) b.facts.roundsActivations = true;
  const attributes = new Map([...call.attributes].filter(([name]) => name !== 'accuracy_level'));
  const inputs = call.inputs.map((v, i) => {
    if (i < 1 || i > 4 || v?.kind !== 'constant') return v;
    return constantWeight(
      i === 4 ? blockNumbers(v, call) : v.constant,
      v.constant,
      `${b.node}:${PARTS[i]}`,
    );
  });
  return b.emit('MatMulNBits', inputs, { domain: 'com.microsoft', attributes });
};

const PARTS = ['', 'packed', 'scales', 'zero_points', 'g_idx'];

/** The block of each column, `[K]`. */
function blockNumbers({ type, constant }: ConstantValue, call: Call): Constant {
  const { K, blocks } = nbitsSizes(call);
  const data = full(constant).data.subarray(0, K);
  if (data.some((b) => !(b >= 0 && b < blocks)))
    throw new Clash(`g_idx names blocks outside its ${blocks} blocks`);
  return { type, dims: [K], stored: [K], data };
}
