/**
 * Cross entropy over one chunk of the vocabulary, as two graphs, and as one where the chunk is all
 * there is. The first runs along the chunks with the largest logit `m`, the sum of exponentials `s`
 * (relative to m) and the logit of the right token `t` of every row; the second turns them into the
 * gradient at `h`. All float32; a row's logits are shifted by their largest, so nothing overflows.
 */
import { int, model, node, throughAdapter, value } from './graphs.ts';
import { rowsGraph, type RowFormat } from './vocabulary-rows.ts';

/**
 * Inputs of both graphs: `h` [rows, hidden]; the chunk's `w`, `scales`, `zeros`; `labels` [rows, 1]
 * int32, relative to the chunk.
 */
function logitsOf(
  format: RowFormat,
  hidden: number,
  width: number,
  bias: boolean,
  adapted = false,
) {
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
  nodes.push(node('Gemm', ['h', 'w'], adapted ? 'plain' : products, { transB: int(1) }));
  if (adapted) {
    const adapter = throughAdapter(hidden, width, 'plain', products);
    inputs.push(...adapter.inputs);
    nodes.push(...adapter.nodes);
  }
  if (bias) {
    inputs.push(value('bias', 'float32', [1, width]));
    nodes.push(node('Add', ['products', 'bias'], 'logits'));
  }
  nodes.push(node('Equal', ['labels', 'tokens'], 'right'));
  return { inputs, nodes, initialisers };
}

const column = (name: string) => value(name, 'float32', ['rows', 1]);

/** And the largest logit of every row, `top`. */
function withTop(...of: Parameters<typeof logitsOf>): ReturnType<typeof logitsOf> {
  const made = logitsOf(...of);
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
  made.nodes.push(node('ReduceMax', ['logits', 'axis'], 'top', { keepdims: int(1) }));
  return made;
}

/** The logit of the right token where it is in this chunk, else 0. */
const rightLogit = (name: string) => [
  node('Where', ['right', 'logits', 'zero'], 'hits'),
  node('ReduceSum', ['hits', 'axis'], name, { keepdims: int(1) }),
];

/** From the exponentials and their sums `s` to the gradient at the logits, `dlogits`. */
const errorsOf = (s: string) => [
  node('Div', ['exponentials', s], 'probabilities'),
  node('Cast', ['right'], 'truth', { to: int(1) }),
  node('Sub', ['probabilities', 'truth'], 'errors'),
  node('Mul', ['errors', 'weight'], 'dlogits'),
];

/**
 * Also takes `m`, `s`, `t` [rows, 1] of the chunks before (−3e38, 0, 0 at first); gives `m2`, `s2`,
 * `t2`; `adapted`: through an adapter.
 */
export function lossGraph(...of: Parameters<typeof logitsOf>): Uint8Array {
  const { inputs, nodes, initialisers } = withTop(...of);
  nodes.push(
    node('Greater', ['top', 'm'], 'higher'),
    node('Where', ['higher', 'top', 'm'], 'm2'),
    node('Sub', ['logits', 'm2'], 'shifted'),
    node('Exp', ['shifted'], 'exponentials'),
    node('ReduceSum', ['exponentials', 'axis'], 'sum', { keepdims: int(1) }),
    node('Sub', ['m', 'm2'], 'drop'),
    node('Exp', ['drop'], 'shrink'),
    node('Mul', ['s', 'shrink'], 'before'),
    node('Add', ['before', 'sum'], 's2'),
    ...rightLogit('hit'),
    node('Add', ['t', 'hit'], 't2'),
  );
  return model(
    nodes,
    [...inputs, column('m'), column('s'), column('t')],
    [column('m2'), column('s2'), column('t2')],
    { initialisers, opset: 21 },
  );
}

/**
 * Takes the final `m`, `s`, the rows' `weight` [rows, 1] and `before` [rows, hidden]; adds this
 * chunk's share of dh → `dh`.
 */
export function lossGradientGraph(
  format: RowFormat,
  hidden: number,
  width: number,
  bias: boolean,
): Uint8Array {
  const { inputs, nodes, initialisers } = logitsOf(format, hidden, width, bias);
  nodes.push(
    node('Sub', ['logits', 'm'], 'shifted'),
    node('Exp', ['shifted'], 'exponentials'),
    ...errorsOf('s'),
    node('MatMul', ['dlogits', 'w'], 'share'),
    node('Add', ['before', 'share'], 'dh'),
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
 * Both at once over the whole vocabulary, its products made once: takes `weight` [rows, 1]; gives
 * `m2`, `s2`, `t2` and `dh`.
 */
export function wholeLossGraph(
  format: RowFormat,
  hidden: number,
  width: number,
  bias: boolean,
): Uint8Array {
  const { inputs, nodes, initialisers } = withTop(format, hidden, width, bias);
  nodes.push(
    node('Identity', ['top'], 'm2'),
    node('Sub', ['logits', 'top'], 'shifted'),
    node('Exp', ['shifted'], 'exponentials'),
    node('ReduceSum', ['exponentials', 'axis'], 's2', { keepdims: int(1) }),
    ...rightLogit('t2'),
    ...errorsOf('s2'),
    node('MatMul', ['dlogits', 'w'], 'dh'),
  );
  return model(
    nodes,
    [...inputs, column('weight')],
    [column('m2'), column('s2'), column('t2'), value('dh', 'float32', ['rows', hidden])],
    { initialisers, opset: 21 },
  );
}
