/**
 * Cross entropy over one chunk of the vocabulary, as two graphs. The first runs along the chunks with the largest logit
 * `m`, the sum of exponentials `s` (relative to m) and the logit of the right token `t` of every row; the second turns
 * them into the gradient at `h`. All float32; a row's logits are shifted by their largest, so nothing overflows.
 */
import type { Tensor } from '../onnx/graph.ts';
import { int, model, node, value, type ChunkFormat } from './graphs.ts';

/** How a chunk's rows of W are read. Packed ones are views: uint4 or uint8 `[width, hidden]`, scales `[width, hidden / block]`. */
export type RowFormat = { kind: 'float32' } | { kind: 'packed'; bits: 4 | 8; block: number; zeroPoints: boolean };

/** Packed rows can be read as they lie when blocks do not run over a row's end and zero points are whole numbers. */
export function rowFormat(format: ChunkFormat, hidden: number): RowFormat {
  if (format.kind !== 'nbits') return { kind: 'float32' };
  const { bits, block, zeroPoints } = format;
  const fits = (bits === 4 || bits === 8) && hidden % block === 0 && zeroPoints !== 'float32' && !(zeroPoints === 'uint8' && bits === 4 && (hidden / block) % 2 !== 0);
  return fits ? { kind: 'packed', bits, block, zeroPoints: zeroPoints !== 'none' } : { kind: 'float32' };
}

/** Inputs of both graphs: `h` [rows, hidden]; the chunk's `w`, `scales`, `zeros`; `labels` [rows, 1] int32, relative to the chunk. */
function logitsOf(format: RowFormat, hidden: number, width: number, bias: boolean) {
  const inputs = [value('h', 'float32', ['rows', hidden]), value('labels', 'int32', ['rows', 1])], nodes = [];
  const initialisers = new Map<string, Tensor>();
  const tokens = new Int32Array(width).map((_, i) => i);
  initialisers.set('tokens', { name: 'tokens', type: 'int32', dims: [1, width], bytes: new Uint8Array(tokens.buffer) });
  if (format.kind === 'float32') inputs.push(value('w', 'float32', [width, hidden]));
  else {
    const { bits, block, zeroPoints } = format, type = bits === 4 ? 'uint4' : 'uint8', blocks = hidden / block;
    inputs.push(value('packed', type, [width, hidden]), value('scales', 'float32', [width, blocks]));
    if (zeroPoints) inputs.push(value('zeros', type, [width, blocks]));
    else {
      const half = bits === 4 ? new Uint8Array(Math.ceil((width * blocks) / 2)).fill(0x88) : new Uint8Array(width * blocks).fill(128);
      initialisers.set('zeros', { name: 'zeros', type, dims: [width, blocks], bytes: half });
    }
    nodes.push(node('DequantizeLinear', ['packed', 'scales', 'zeros'], 'w', { axis: int(1), block_size: int(block) }));
  }
  nodes.push(node('Gemm', ['h', 'w'], bias ? 'products' : 'logits', { transB: int(1) }));
  if (bias) {
    inputs.push(value('bias', 'float32', [1, width]));
    nodes.push(node('Add', ['products', 'bias'], 'logits'));
  }
  nodes.push(node('Equal', ['labels', 'tokens'], 'right'));
  return { inputs, nodes, initialisers };
}

const column = (name: string) => value(name, 'float32', ['rows', 1]);

/** Also takes `m`, `s`, `t` [rows, 1] of the chunks before (−3e38, 0, 0 at first); gives `m2`, `s2`, `t2`. */
export function lossGraph(format: RowFormat, hidden: number, width: number, bias: boolean): Uint8Array {
  const { inputs, nodes, initialisers } = logitsOf(format, hidden, width, bias);
  initialisers.set('axis', { name: 'axis', type: 'int64', dims: [1], bytes: new Uint8Array(BigInt64Array.of(1n).buffer) });
  initialisers.set('zero', { name: 'zero', type: 'float32', dims: [], bytes: new Uint8Array(4) });
  nodes.push(
    node('ReduceMax', ['logits', 'axis'], 'top', { keepdims: int(1) }),
    node('Greater', ['top', 'm'], 'higher'),
    node('Where', ['higher', 'top', 'm'], 'm2'),
    node('Sub', ['logits', 'm2'], 'shifted'),
    node('Exp', ['shifted'], 'exponentials'),
    node('ReduceSum', ['exponentials', 'axis'], 'sum', { keepdims: int(1) }),
    node('Sub', ['m', 'm2'], 'drop'),
    node('Exp', ['drop'], 'shrink'),
    node('Mul', ['s', 'shrink'], 'before'),
    node('Add', ['before', 'sum'], 's2'),
    node('Where', ['right', 'logits', 'zero'], 'hits'),
    node('ReduceSum', ['hits', 'axis'], 'hit', { keepdims: int(1) }),
    node('Add', ['t', 'hit'], 't2'),
  );
  return model(nodes, [...inputs, column('m'), column('s'), column('t')], [column('m2'), column('s2'), column('t2')], { initialisers, opset: 21 });
}

/** Takes the final `m`, `s`, the rows' `weight` [rows, 1] and `before` [rows, hidden]; adds this chunk's share of dh → `dh`. */
export function lossGradientGraph(format: RowFormat, hidden: number, width: number, bias: boolean): Uint8Array {
  const { inputs, nodes, initialisers } = logitsOf(format, hidden, width, bias);
  nodes.push(
    node('Sub', ['logits', 'm'], 'shifted'),
    node('Exp', ['shifted'], 'exponentials'),
    node('Div', ['exponentials', 's'], 'probabilities'),
    node('Cast', ['right'], 'truth', { to: int(1) }),
    node('Sub', ['probabilities', 'truth'], 'errors'),
    node('Mul', ['errors', 'weight'], 'dlogits'),
    node('MatMul', ['dlogits', 'w'], 'share'),
    node('Add', ['before', 'share'], 'dh'),
  );
  return model(nodes, [...inputs, column('m'), column('s'), column('weight'), value('before', 'float32', ['rows', hidden])],
    [value('dh', 'float32', ['rows', hidden])], { initialisers, opset: 21 });
}
