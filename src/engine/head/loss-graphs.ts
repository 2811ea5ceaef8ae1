/**
 * Cross entropy over one chunk of the vocabulary, without and with its gradient at `h`. Per row,
 * both graphs update the largest logit `m`, the sum of exponentials `s` (relative to m) and the
 * label's logit `t` from chunk to chunk. All values are float32. Logits are shifted by their row's
 * largest, so nothing overflows.
 */
import { int, model, node, value } from '../backends/graphs.ts';
import { throughAdapter } from './vocabulary-product.ts';
import { rowsGraph, type RowFormat } from './vocabulary-rows.ts';

/** A chunk of `width` tokens, whose rows of the vocabulary projection are stored as `format`. */
export interface LossChunk {
  format: RowFormat;
  hidden: number;
  width: number;
  bias: boolean;
}

/** `adapted`: the projection has an adapter. */
type AdaptableChunk = LossChunk & { adapted?: boolean };

/**
 * Inputs of both graphs: `h` [rows, hidden]; the chunk's `w`, `scales`, `zeros`; `labels` [rows, 1]
 * int32, relative to the chunk.
 */
function logitsOf({ format, hidden, width, bias, adapted = false }: AdaptableChunk) {
  const { inputs, nodes, initialisers } = rowsGraph(format, hidden, width);
  inputs.unshift(value('h', 'float32', ['rows', hidden]), value('labels', 'int32', ['rows', 1]));
  const tokens = new Int32Array(width).map((_, i) => i);
  initialisers.set('tokens', {
    name: 'tokens',
    type: 'int32',
    dims: [1, width],
    bytes: new Uint8Array(tokens.buffer),
  });
  const products = bias ? 'products' : 'logits';
  nodes.push(
    node({
      op: 'Gemm',
      inputs: ['h', 'w'],
      output: adapted ? 'plain' : products,
      attributes: { transB: int(1) },
    }),
  );
  if (adapted) {
    const adapter = throughAdapter(hidden, width, 'plain', products);
    inputs.push(...adapter.inputs);
    nodes.push(...adapter.nodes);
  }
  if (bias) {
    inputs.push(value('bias', 'float32', [1, width]));
    nodes.push(node({ op: 'Add', inputs: ['products', 'bias'], output: 'logits' }));
  }
  nodes.push(node({ op: 'Equal', inputs: ['labels', 'tokens'], output: 'right' }));
  return { inputs, nodes, initialisers };
}

const column = (name: string) => value(name, 'float32', ['rows', 1]);

/** Adds the rows' state after this chunk, `m2`, `s2`, `t2`, and the factor `shrink` of `s`. */
function withState(chunk: AdaptableChunk): ReturnType<typeof logitsOf> {
  const made = logitsOf(chunk);
  made.initialisers.set('axis', {
    name: 'axis',
    type: 'int64',
    dims: [1],
    bytes: new Uint8Array(BigInt64Array.of(1n).buffer),
  });
  made.initialisers.set('zero', {
    name: 'zero',
    type: 'float32',
    dims: [],
    bytes: new Uint8Array(4),
  });
  made.nodes.push(
    node({
      op: 'ReduceMax',
      inputs: ['logits', 'axis'],
      output: 'top',
      attributes: { keepdims: int(1) },
    }),
    node({ op: 'Greater', inputs: ['top', 'm'], output: 'higher' }),
    node({ op: 'Where', inputs: ['higher', 'top', 'm'], output: 'm2' }),
    node({ op: 'Sub', inputs: ['logits', 'm2'], output: 'shifted' }),
    node({ op: 'Exp', inputs: ['shifted'], output: 'exponentials' }),
    node({
      op: 'ReduceSum',
      inputs: ['exponentials', 'axis'],
      output: 'sum',
      attributes: { keepdims: int(1) },
    }),
    node({ op: 'Sub', inputs: ['m', 'm2'], output: 'drop' }),
    node({ op: 'Exp', inputs: ['drop'], output: 'shrink' }),
    node({ op: 'Mul', inputs: ['s', 'shrink'], output: 'before' }),
    node({ op: 'Add', inputs: ['before', 'sum'], output: 's2' }),
    // The label's logit if the label is in this chunk, else 0.
    node({ op: 'Where', inputs: ['right', 'logits', 'zero'], output: 'hits' }),
    node({
      op: 'ReduceSum',
      inputs: ['hits', 'axis'],
      output: 'hit',
      attributes: { keepdims: int(1) },
    }),
    node({ op: 'Add', inputs: ['t', 'hit'], output: 't2' }),
  );
  return made;
}

/**
 * Also takes `m`, `s`, `t` [rows, 1] of the earlier chunks (initially −3e38, 0, 0). Returns `m2`,
 * `s2`, `t2`.
 */
export function lossGraph(chunk: AdaptableChunk): Uint8Array {
  const { inputs, nodes, initialisers } = withState(chunk);
  return model(
    nodes,
    [...inputs, column('m'), column('s'), column('t')],
    [column('m2'), column('s2'), column('t2')],
    { initialisers, opset: 21 },
  );
}

/**
 * The same with the gradient at `h`, in one pass:
 * dh = weight · (Σ exp(logit − m) W / s − W[label]).
 * Also takes `weight` [rows, 1], and the earlier chunks' Σ exp(logit − m) W as `g` and the labels'
 * rows of W as `r` [rows, hidden] (initially 0). `inside` [rows, 1] is 1 for rows whose label is
 * in this chunk, at `index` [rows]. Other rows have 0 and any index. Also returns `g2`, `r2` and,
 * after the last chunk, `dh`.
 */
export function lossGradientGraph(chunk: LossChunk): Uint8Array {
  const { hidden } = chunk;
  const { inputs, nodes, initialisers } = withState(chunk);
  const state = (name: string) => value(name, 'float32', ['rows', hidden]);
  nodes.push(
    node({ op: 'MatMul', inputs: ['exponentials', 'w'], output: 'share' }),
    node({ op: 'Mul', inputs: ['g', 'shrink'], output: 'shrunk' }),
    node({ op: 'Add', inputs: ['shrunk', 'share'], output: 'g2' }),
    node({ op: 'Gather', inputs: ['w', 'index'], output: 'row' }),
    node({ op: 'Mul', inputs: ['row', 'inside'], output: 'own' }),
    node({ op: 'Add', inputs: ['r', 'own'], output: 'r2' }),
    node({ op: 'Div', inputs: ['g2', 's2'], output: 'mean' }),
    node({ op: 'Sub', inputs: ['mean', 'r2'], output: 'error' }),
    node({ op: 'Mul', inputs: ['error', 'weight'], output: 'dh' }),
  );
  return model(
    nodes,
    [
      ...inputs,
      value('index', 'int32', ['rows']),
      ...['inside', 'weight', 'm', 's', 't'].map(column),
      state('g'),
      state('r'),
    ],
    [...['m2', 's2', 't2'].map(column), state('g2'), state('r2'), state('dh')],
    { initialisers, opset: 21 },
  );
}
