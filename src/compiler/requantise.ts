/**
 * An export with the weights of its linear layers stored anew as NF4: every product becomes a MatMulBnb4, everything else
 * stays. For `compile`; half floats count as float32 there, so that the new scales may be float32 beside them.
 */
import { AtlasError } from '../errors.ts';
import { shown, type Graph, type Node } from '../onnx/graph.ts';
import type { ModuleWeight } from './compiled.ts';
import { cut } from './cut.ts';
import type { Product, Readers } from './products.ts';
import { specialise, type Specialised } from './specialise.ts';
import type { Value } from './value.ts';
import { weightTensor } from './weight-tensor.ts';

/** Names of a weight's two tensors. */
interface Stored { packed: string; absmax: string; block: number }

/** A weight [out, in] in NF4: codes of the flattened matrix, high nibble first, and a float32 absmax for every `block` of them. */
export interface Nf4Bytes { packed: Uint8Array; absmax: Float32Array; block: number }

/**
 * `quantise` is asked for one product after the other, so that no more than one of them need exist as floats; a packed
 * projection is one product. Throws what `compile` throws.
 */
export async function requantised(graph: Graph, quantise: (weight: ModuleWeight) => Promise<Nf4Bytes>): Promise<Graph> {
  const s = specialise(graph, 2, 3), found = cut(graph, s), names = namesOf(s);
  const initialisers = new Map(graph.initialisers), stored = new Map<string, Stored>(), replaced = new Map<string, readonly Node[]>();
  for (const { product, path } of found.layers.flatMap((layer) => layer.products)) {
    // Layers may share a weight.
    const key = `${product.tensors[0]!.name} ${product.transposed}`;
    let weight = stored.get(key);
    if (!weight) {
      const { packed, absmax, block } = await quantise(wholeWeight(product));
      stored.set(key, weight = { packed: `${path}.weight:nf4`, absmax: `${path}.weight:absmax`, block });
      initialisers.set(weight.packed, { name: weight.packed, type: 'uint8', dims: [packed.length], bytes: packed });
      initialisers.set(weight.absmax, { name: weight.absmax, type: 'float32', dims: [absmax.length], bytes: new Uint8Array(absmax.buffer, absmax.byteOffset, absmax.byteLength) });
    }
    const [x, y] = endsOf(product, names, found.readers);
    replaced.set(y, productNodes(product, x, y, weight, names));
  }
  const nodes = graph.nodes.flatMap((node) => node.outputs.map((name) => replaced.get(name)).find(Boolean) ?? [node]);
  const opsets = new Map([['com.microsoft', 1], ...graph.opsets]);
  return needed({ ...graph, nodes, initialisers, opsets });
}

const wholeWeight = ({ format, tensors, transposed, inFeatures, width }: Product): ModuleWeight =>
  ({ format, tensors: tensors.map(weightTensor), transposed, rowOffset: 0, rows: width, inFeatures, outFeatures: width, bias: null });

/** The first name of each value: the later ones only pass it on. */
function namesOf({ values }: Specialised): ReadonlyMap<Value, string> {
  const names = new Map<Value, string>();
  for (const [name, value] of values) if (!names.has(value)) names.set(value, name);
  return names;
}

/** Names of a product's input and output; those beyond the Reshapes that lowering put around it, where it did. */
function endsOf({ step, x, y }: Product, names: ReadonlyMap<Value, string>, readers: Readers): [string, string] {
  const before = x.kind === 'computed' && x.step?.op === 'Reshape' ? x.step.inputs[0] : null;
  const reader = readers.get(y)?.[0], after = reader?.op === 'Reshape' ? reader.outputs[0] : null;
  const from = names.get(x) ?? (before ? names.get(before) : undefined), to = names.get(y) ?? (after ? names.get(after) : undefined);
  if (from === undefined || to === undefined) throw new AtlasError('operator', { where: `node "${shown(step.name)}"`, operator: 'a linear layer that is part of something larger' });
  return [from, to];
}

function productNodes({ step, inFeatures, width }: Product, x: string, y: string, { packed, absmax, block }: Stored, names: ReadonlyMap<Value, string>): Node[] {
  const own = step.op === 'Gemm' ? step.inputs[2] : step.op === 'MatMulNBits' ? step.inputs[5] : null;
  const sizes = { K: inFeatures, N: width, block_size: block, quant_type: 1 }, plain = own ? `${y}:product` : y;
  const attributes = new Map(Object.entries(sizes).map(([name, value]) => [name, { type: 'int' as const, value }]));
  const node: Node = { name: step.name, op: 'MatMulBnb4', domain: 'com.microsoft', inputs: [x, packed, absmax], outputs: [plain], attributes };
  if (!own) return [node];
  return [node, { name: `${step.name}:bias`, op: 'Add', domain: '', inputs: [plain, names.get(own)!], outputs: [y], attributes: new Map() }];
}

/** What the outputs need: the old weights, and what unpacked or quantised for them, fall away. */
function needed(graph: Graph): Graph {
  const wanted = new Set(graph.outputs.map((o) => o.name)), nodes: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((name) => wanted.has(name))) continue;
    nodes.push(node);
    for (const name of node.inputs) wanted.add(name);
  }
  return { ...graph, nodes: nodes.reverse(), initialisers: new Map([...graph.initialisers].filter(([name]) => wanted.has(name))) };
}
