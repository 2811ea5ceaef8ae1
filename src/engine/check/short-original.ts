/**
 * Computes the logits of a few layers of an export too large to run as a whole: its original nodes
 * on the CPU provider, with only the weights they read. The token table is reduced to the batch's
 * rows. The vocabulary projection, which the provider unpacks to float32 (1 GB for 128,256 tokens
 * of width 2048), runs in parts.
 */
import { defined, elementAt } from '../../checked.ts';
import type { CompiledModel, VocabularyHead } from '../../compiler/compiled.ts';
import type { Graph, Node, Tensor } from '../../onnx/graph.ts';
import { reached } from '../../onnx/reached.ts';
import { bytesOf } from '../../onnx/types.ts';
import { writeWithExternalWeights } from '../../onnx/write-model.ts';
import type { TokenBatch } from '../engine.ts';
import { cpuTensor, type Ort, type OrtTensor } from '../backends/ort.ts';
import { embeddingRows, ROWS, withRows } from './runnable.ts';
import { originalLogits } from './original.ts';

/**
 * Bytes of the vocabulary projection in the provider at a time, as float32. The provider holds up
 * to three copies of a float projection while it packs them.
 */
const CHUNK_BYTES = 128 << 20;

/**
 * See `originalLogits`: the same for embedding, `layers` and head. Also rejects with AtlasError
 * `structure`.
 */
export async function shortLogits(
  ort: Ort,
  model: CompiledModel,
  {
    layers,
    batch,
    chunkBytes = CHUNK_BYTES,
  }: { layers: readonly number[]; batch: TokenBatch; chunkBytes?: number },
): Promise<Float32Array> {
  const { graph, ids, given } = looked(ort, model, await model.short(layers), batch);
  const { vocab, hidden } = model.head;
  const rows = batch.ids.length;
  const run = (part: Graph) =>
    originalLogits(
      ort,
      { ...writeWithExternalWeights(reached(part, ['logits'])), headDim: model.headDim },
      { ...batch, ids },
      given,
    );
  const head = wideHead(graph, model.head);
  const width = Math.floor(chunkBytes / (4 * hidden));
  if (!head || vocab <= width) return run(graph);
  const logits = new Float32Array(rows * vocab);
  for (let first = 0; first < vocab; first += width) {
    const tokens = Math.min(width, vocab - first);
    const part = await run(withTokens(graph, head, { vocab, first, count: tokens }));
    for (let row = 0; row < rows; row++)
      logits.set(part.subarray(row * tokens, (row + 1) * tokens), row * vocab + first);
  }
  return logits;
}

const looksUp = ({ op, inputs }: Node): boolean =>
  /^Gather(BlockQuantized)?$/.test(op) && inputs[1] === 'input_ids';

/**
 * Reduces the token table of the graph. Returns the graph and the inputs that replace the batch's
 * ids.
 */
function looked(
  ort: Ort,
  model: CompiledModel,
  graph: Graph,
  batch: TokenBatch,
): { graph: Graph; ids: Int32Array; given: Record<string, OrtTensor> } {
  const readers = graph.nodes.filter((n) => n.inputs.includes('input_ids') && n.op !== 'Shape');
  if (
    readers.every(
      (n) => n.op === 'Gather' && looksUp(n) && graph.initialisers.has(elementAt(n.inputs, 0)),
    )
  ) {
    const tokens = [...new Set(batch.ids)];
    return {
      graph: withTables(graph, new Set(readers), tokens),
      ids: batch.ids.map((id) => tokens.indexOf(id)),
      given: {},
    };
  }
  if (readers.filter(looksUp).length !== 1) return { graph, ids: batch.ids, given: {} };
  const { data, width } = embeddingRows(model, batch);
  const rows = cpuTensor(
    ort,
    'float32',
    [batch.sequences, batch.length, width],
    new Uint8Array(data.buffer),
  );
  return { graph: withRows(graph, looksUp), ids: batch.ids, given: { [ROWS]: rows } };
}

/**
 * Makes every lookup read a table of only these tokens' rows. A token's id becomes its position in
 * `tokens`.
 */
function withTables(graph: Graph, lookups: ReadonlySet<Node>, tokens: readonly number[]): Graph {
  const initialisers = new Map(graph.initialisers);
  const nodes = graph.nodes.map((n): Node => {
    if (!lookups.has(n)) return n;
    const table = defined(graph.initialisers.get(elementAt(n.inputs, 0)));
    const name = `${table.name}:rows`;
    const size = table.bytes.length / table.dims[0]!;
    const bytes = new Uint8Array(tokens.length * size);
    tokens.forEach((token, i) =>
      bytes.set(table.bytes.subarray(token * size, (token + 1) * size), i * size),
    );
    initialisers.set(name, {
      ...table,
      name,
      dims: [tokens.length, ...table.dims.slice(1)],
      bytes,
    });
    return { ...n, inputs: [name, ...n.inputs.slice(1)] };
  });
  return { ...graph, nodes, initialisers };
}

/**
 * The weights of a vocabulary projection that have one entry per token, the dimension of the
 * tokens, and the node that states their number.
 */
interface WideHead {
  tensors: readonly Tensor[];
  axis: 0 | 1;
  product: Node;
}

/**
 * Null unless the vocabulary projection is a MatMul (its matrix stored directly or transposed) or a
 * MatMulNBits, without a bias. In any other form, more nodes may depend on the size of the
 * vocabulary.
 */
function wideHead(
  graph: Graph,
  { format, tensors, transposed, bias }: VocabularyHead,
): WideHead | null {
  const own = tensors.flatMap(({ name }) => graph.initialisers.get(name) ?? []);
  const [weight] = own;
  if (!weight || own.length < tensors.length || bias) return null;
  const readersOf = (name: string) =>
    graph.nodes.filter((n) => n.inputs.includes(name) && !looksUp(n));
  const products = readersOf(weight.name).flatMap((n) =>
    n.op === 'Transpose' ? readersOf(elementAt(n.outputs, 0)) : [n],
  );
  const [product] = products;
  if (products.length !== 1 || !product) return null;
  // A tensor indexed by column (`g_idx`) is the same for every token.
  if (product.op === 'MatMulNBits' && format.kind === 'nbits')
    return { tensors: own.filter((t) => t.name !== product.inputs[4]), axis: 0, product };
  return product.op === 'MatMul' && /^float/.test(format.kind) && weight.dims.length === 2
    ? { tensors: own, axis: transposed ? 1 : 0, product }
    : null;
}

/** The graph restricted to the logits of tokens `[first, first + count)` of `vocab`. */
function withTokens(
  graph: Graph,
  { tensors, axis, product }: WideHead,
  { vocab, first, count }: { vocab: number; first: number; count: number },
): Graph {
  const initialisers = new Map(graph.initialisers);
  for (const tensor of tensors)
    initialisers.set(
      tensor.name,
      axis === 0 ? rowsOf(tensor, vocab, first, count) : columnsOf(tensor, first, count),
    );
  return {
    ...graph,
    initialisers,
    nodes: graph.nodes.map((n) =>
      n === product && n.op === 'MatMulNBits'
        ? { ...n, attributes: new Map(n.attributes).set('N', { type: 'int', value: count }) }
        : n,
    ),
    outputs: graph.outputs.map((o) =>
      o.name === 'logits' ? { ...o, dims: [...o.dims.slice(0, -1), 'tokens'] } : o,
    ),
  };
}

/**
 * Rows `[first, first + count)` of a tensor with `rows` rows, or of a flat tensor with a whole
 * number of elements per row.
 */
function rowsOf(tensor: Tensor, rows: number, first: number, count: number): Tensor {
  const size = tensor.bytes.length / rows;
  const [length, ...rest] = tensor.dims as [number, ...number[]];
  return {
    ...tensor,
    dims: [(length / rows) * count, ...rest],
    bytes: tensor.bytes.subarray(first * size, (first + count) * size),
  };
}

function columnsOf(tensor: Tensor, first: number, count: number): Tensor {
  const [rows, columns] = tensor.dims as [number, number];
  const size = bytesOf(tensor.type, 1);
  const bytes = new Uint8Array(rows * count * size);
  for (let row = 0; row < rows; row++) {
    const from = (row * columns + first) * size;
    bytes.set(tensor.bytes.subarray(from, from + count * size), row * count * size);
  }
  return { ...tensor, dims: [rows, count], bytes };
}
