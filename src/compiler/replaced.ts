/**
 * Replaces the weights of an export's linear layers, as floats, 4-bit blocks or NF4. All else is
 * unchanged. `compile` accepts the result, and `writeGraph` converts it to a file that onnxruntime
 * loads.
 */
import { defined, elementAt } from '../checked.ts';
import { AtlasError } from '../errors.ts';
import { shown, type Attribute, type Graph, type Node, type Tensor } from '../onnx/graph.ts';
import { inKernelForms } from './blocks.ts';
import type { ModuleWeight, SiteModule } from './compiled.ts';
import { cut } from './cut.ts';
import { HEAD_PATH } from './modules.ts';
import type { Product, Readers } from './products.ts';
import { findModules, ordered } from './sites.ts';
import { specialise, type Specialised } from './specialise.ts';
import type { Value } from './value.ts';
import { heldWeakly, weightTensor } from './weight-tensor.ts';

/** A weight [out, in], row-major, in one of its storage formats. */
export type NewWeight =
  | { kind: 'float32'; values: Float32Array }
  /** Computed on access and held weakly: read once and hold the result. */
  | { kind: 'float32'; compute: () => Float32Array }
  /**
   * MatMulNBits without zero points: `packed` [out, ⌈in / block⌉, block / 2], low nibble first,
   * `scales` [out, ⌈in / block⌉]; code 8 is zero.
   */
  | { kind: 'int4'; packed: Uint8Array; scales: Float32Array; block: number }
  /**
   * MatMulBnb4: codes of the flattened matrix, high nibble first, with one absmax per `block`
   * codes.
   */
  | { kind: 'nf4'; packed: Uint8Array; absmax: Float32Array; block: number };

/** One product of the export: its whole weight, and its modules (three for a packed projection). */
export interface ExportProduct {
  weight: ModuleWeight;
  modules: readonly SiteModule[];
}

/**
 * Calls `weightFor` for one product after the other, so at most one float weight needs memory. Null
 * leaves a product unchanged. `head` replaces the weight of the vocabulary product; a tied
 * embedding retains the old weight. Throws what `compile` throws.
 */
export async function replaced(
  given: Graph,
  weightFor: (product: ExportProduct) => Promise<NewWeight | null>,
  head?: NewWeight,
): Promise<Graph> {
  const graph = inKernelForms(given);
  const s = specialise(graph, 2, 3);
  const found = cut(graph, s);
  const names = namesOf(s);
  const { layers } = findModules(s, found);
  const initialisers = new Map(graph.initialisers);
  const products = new Map<string, readonly Node[]>();
  const replace = (product: Product, path: string, weight: NewWeight) => {
    const [x, y] = endsOf(product, names, found.readers);
    products.set(
      y,
      productNodes(product, {
        x,
        y,
        weight: stored(path, weight, product, initialisers),
        names,
      }),
    );
  };
  for (const [layer, { sites }] of layers.entries()) {
    for (const [i, { product, path }] of ordered(elementAt(found.layers, layer)).entries()) {
      const weight = await weightFor({
        weight: wholeWeight(product),
        modules: elementAt(sites, i).modules,
      });
      if (weight) replace(product, path, weight);
    }
  }
  if (head) replace(found.head, HEAD_PATH, head);
  const nodes = graph.nodes.flatMap(
    (node) => node.outputs.map((name) => products.get(name)).find(Boolean) ?? [node],
  );
  const opsets = new Map([['com.microsoft', 1], ...graph.opsets]);
  return needed({ ...graph, nodes, initialisers, opsets });
}

const wholeWeight = ({
  format,
  tensors,
  transposed,
  inFeatures,
  width,
}: Product): ModuleWeight => ({
  format,
  tensors: tensors.map(weightTensor),
  transposed,
  rowOffset: 0,
  rows: width,
  inFeatures,
  outFeatures: width,
  bias: null,
});

/** The first name of each value; later names are aliases. */
function namesOf({ values }: Specialised): ReadonlyMap<Value, string> {
  const names = new Map<Value, string>();
  for (const [name, value] of values) if (!names.has(value)) names.set(value, name);
  return names;
}

/**
 * Names of a product's input and output. If lowering added Reshapes around the product, the names
 * are those outside the Reshapes.
 */
function endsOf(
  { step, x, y }: Product,
  names: ReadonlyMap<Value, string>,
  readers: Readers,
): [string, string] {
  const before = x.kind === 'computed' && x.step?.op === 'Reshape' ? x.step.inputs[0] : null;
  const reader = readers.get(y)?.[0];
  const after = reader?.op === 'Reshape' ? reader.outputs[0] : null;
  const from = names.get(x) ?? (before ? names.get(before) : undefined);
  const to = names.get(y) ?? (after ? names.get(after) : undefined);
  if (from === undefined || to === undefined)
    throw new AtlasError('operator', {
      where: `node "${shown(step.name)}"`,
      operator: 'a linear layer inside a larger operation',
    });
  return [from, to];
}

/**
 * The operator that multiplies with a stored weight: its weight inputs, and the nodes that prepare
 * them.
 */
interface StoredWeight {
  op: string;
  domain: string;
  inputs: readonly string[];
  attributes: Record<string, number>;
  before: readonly Node[];
}

function stored(
  path: string,
  weight: NewWeight,
  { inFeatures: K, width: N }: Product,
  initialisers: Map<string, Tensor>,
): StoredWeight {
  const add = (
    part: string,
    type: Tensor['type'],
    dims: readonly number[],
    values: ArrayBufferView | (() => ArrayBufferView),
  ): string => {
    const name = `${path}.weight:${part}`;
    initialisers.set(
      name,
      typeof values === 'function'
        ? computed({ name, type, dims }, values)
        : { name, type, dims, bytes: bytesOf(values) },
    );
    return name;
  };
  const packed = { domain: 'com.microsoft', before: [] };
  switch (weight.kind) {
    case 'float32': {
      // Stored as [out, in], so each module's rows are contiguous. The runtime transposes once on
      // load, the compiler never.
      const values = add(
        'float32',
        'float32',
        [N, K],
        'compute' in weight ? weight.compute : weight.values,
      );
      const turned = `${values}:transposed`;
      return {
        op: 'MatMul',
        domain: '',
        inputs: [turned],
        attributes: {},
        before: [
          node({
            name: `${path}/Transpose`,
            op: 'Transpose',
            inputs: [values],
            output: turned,
            attributes: {
              perm: { type: 'ints', value: [1, 0] },
            },
          }),
        ],
      };
    }
    case 'int4': {
      const { block } = weight;
      const blocks = Math.ceil(K / block);
      const inputs = [
        add('int4', 'uint8', [N, blocks, block / 2], weight.packed),
        add('scales', 'float32', [N, blocks], weight.scales),
      ];
      return {
        ...packed,
        op: 'MatMulNBits',
        inputs,
        attributes: { K, N, bits: 4, block_size: block },
      };
    }
    case 'nf4': {
      const inputs = [
        add('nf4', 'uint8', [weight.packed.length], weight.packed),
        add('absmax', 'float32', [weight.absmax.length], weight.absmax),
      ];
      return {
        ...packed,
        op: 'MatMulBnb4',
        inputs,
        attributes: { K, N, block_size: weight.block, quant_type: 1 },
      };
    }
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

function computed(of: Omit<Tensor, 'bytes'>, compute: () => ArrayBufferView): Tensor {
  const computedBytes = heldWeakly(() => bytesOf(compute()));
  return {
    ...of,
    get bytes() {
      return computedBytes();
    },
  };
}

/** The product as nodes, with Casts around it if the export computes in half floats. */
function productNodes(
  { step, tensors }: Product,
  {
    x,
    y,
    weight,
    names,
  }: { x: string; y: string; weight: StoredWeight; names: ReadonlyMap<Value, string> },
): Node[] {
  const own =
    step.op === 'Gemm' ? step.inputs[2] : step.op === 'MatMulNBits' ? step.inputs[5] : null;
  const half = tensors.some((t) => t.type === 'float16');
  const plain = own ? `${y}:product` : y;
  const nodes = [...weight.before];
  let from = x;
  let to = plain;
  if (half) {
    [from, to] = [`${y}:input`, `${y}:float32`];
    nodes.push(
      node({
        name: `${step.name}:widen`,
        op: 'Cast',
        inputs: [x],
        output: from,
        attributes: { to: { type: 'int', value: 1 } },
      }),
    );
  }
  const attributes = Object.fromEntries(
    Object.entries(weight.attributes).map(
      ([name, value]) => [name, { type: 'int', value }] as const,
    ),
  );
  nodes.push({
    ...node({
      name: step.name,
      op: weight.op,
      inputs: [from, ...weight.inputs],
      output: to,
      attributes,
    }),
    domain: weight.domain,
  });
  if (half)
    nodes.push(
      node({
        name: `${step.name}:narrow`,
        op: 'Cast',
        inputs: [to],
        output: plain,
        attributes: { to: { type: 'int', value: 10 } },
      }),
    );
  if (own)
    nodes.push(
      node({
        name: `${step.name}:bias`,
        op: 'Add',
        inputs: [plain, defined(names.get(own))],
        output: y,
      }),
    );
  return nodes;
}

const node = ({
  name,
  op,
  inputs,
  output,
  attributes = {},
}: {
  name: string;
  op: string;
  inputs: readonly string[];
  output: string;
  attributes?: Record<string, Attribute>;
}): Node => ({
  name,
  op,
  domain: '',
  inputs,
  outputs: [output],
  attributes: new Map(Object.entries(attributes)),
});

/** Removes nodes and weights that the outputs no longer need, such as the old weights. */
function needed(graph: Graph): Graph {
  const wanted = new Set(graph.outputs.map((o) => o.name));
  const nodes: Node[] = [];
  for (const made of [...graph.nodes].reverse()) {
    if (!made.outputs.some((name) => wanted.has(name))) continue;
    nodes.push(made);
    for (const name of made.inputs) wanted.add(name);
  }
  return {
    ...graph,
    nodes: nodes.reverse(),
    initialisers: new Map([...graph.initialisers].filter(([name]) => wanted.has(name))),
  };
}
