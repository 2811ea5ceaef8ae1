/**
 * Cross entropy over one chunk of the vocabulary, as two graphs, or as one graph if the chunk is
 * the whole vocabulary. Per row, the first graph updates the largest logit `m`, the sum of
 * exponentials `s` (relative to m) and the label's logit `t` from chunk to chunk. The second graph
 * turns them into the gradient at `h`. All values are float32. Logits are shifted by their row's
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

/** Adds the largest logit of every row, `top`. */
function withTop(chunk: AdaptableChunk): ReturnType<typeof logitsOf> {
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
  );
  return made;
}

/** The label's logit if the label is in this chunk, else 0. */
const rightLogit = (name: string) => [
  node({ op: 'Where', inputs: ['right', 'logits', 'zero'], output: 'hits' }),
  node({
    op: 'ReduceSum',
    inputs: ['hits', 'axis'],
    output: name,
    attributes: { keepdims: int(1) },
  }),
];

/** From the exponentials and their sums `s` to the gradient at the logits, `dlogits`. */
const errorsOf = (s: string) => [
  node({ op: 'Div', inputs: ['exponentials', s], output: 'probabilities' }),
  node({ op: 'Cast', inputs: ['right'], output: 'truth', attributes: { to: int(1) } }),
  node({ op: 'Sub', inputs: ['probabilities', 'truth'], output: 'errors' }),
  node({ op: 'Mul', inputs: ['errors', 'weight'], output: 'dlogits' }),
];

/**
 * Also takes `m`, `s`, `t` [rows, 1] of the earlier chunks (initially −3e38, 0, 0). Returns `m2`,
 * `s2`, `t2`.
 */
export function lossGraph(chunk: AdaptableChunk): Uint8Array {
  const { inputs, nodes, initialisers } = withTop(chunk);
  nodes.push(
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
    ...rightLogit('hit'),
    node({ op: 'Add', inputs: ['t', 'hit'], output: 't2' }),
  );
  return model(
    nodes,
    [...inputs, column('m'), column('s'), column('t')],
    [column('m2'), column('s2'), column('t2')],
    { initialisers, opset: 21 },
  );
}

/**
 * Takes the final `m` and `s`, the rows' `weight` [rows, 1] and `before` [rows, hidden]. Adds this
 * chunk's part of dh to `before` → `dh`.
 */
export function lossGradientGraph({ format, hidden, width, bias }: LossChunk): Uint8Array {
  const { inputs, nodes, initialisers } = logitsOf({ format, hidden, width, bias });
  nodes.push(
    node({ op: 'Sub', inputs: ['logits', 'm'], output: 'shifted' }),
    node({ op: 'Exp', inputs: ['shifted'], output: 'exponentials' }),
    ...errorsOf('s'),
    node({ op: 'MatMul', inputs: ['dlogits', 'w'], output: 'share' }),
    node({ op: 'Add', inputs: ['before', 'share'], output: 'dh' }),
  );
  return model(
    nodes,
    [
      ...inputs,
      column('m'),
      column('s'),
      column('weight'),
      value('before', 'float32', ['rows', hidden]),
    ],
    [value('dh', 'float32', ['rows', hidden])],
    { initialisers, opset: 21 },
  );
}

/**
 * Both graphs in one over the whole vocabulary, with one projection instead of two. Takes `weight`
 * [rows, 1]. Returns `m2`, `s2`, `t2` and `dh`.
 */
export function wholeLossGraph({ format, hidden, width, bias }: LossChunk): Uint8Array {
  const { inputs, nodes, initialisers } = withTop({ format, hidden, width, bias });
  nodes.push(
    node({ op: 'Identity', inputs: ['top'], output: 'm2' }),
    node({ op: 'Sub', inputs: ['logits', 'top'], output: 'shifted' }),
    node({ op: 'Exp', inputs: ['shifted'], output: 'exponentials' }),
    node({
      op: 'ReduceSum',
      inputs: ['exponentials', 'axis'],
      output: 's2',
      attributes: { keepdims: int(1) },
    }),
    ...rightLogit('t2'),
    ...errorsOf('s2'),
    node({ op: 'MatMul', inputs: ['dlogits', 'w'], output: 'dh' }),
  );
  return model(
    nodes,
    [...inputs, column('weight')],
    [column('m2'), column('s2'), column('t2'), value('dh', 'float32', ['rows', hidden])],
    { initialisers, opset: 21 },
  );
}
