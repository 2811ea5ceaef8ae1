/**
 * Specialises an export to one batch and length: no past, an all-ones attention mask, and only the
 * steps that the logits need. The result depends on the tokens only through embedding lookups.
 */
import { defined, elementAt } from '../checked.ts';
import { AtlasError } from '../errors.ts';
import { shown, type Graph, type Node, type Tensor, type ValueInfo } from '../onnx/graph.ts';
import { Builder, constantValue, type Facts, type LookupRequest } from './builder.ts';
import { decode, uniform } from './fold/constant.ts';
import { LINEAR_BITS } from './linear.ts';
import { count, widened, type Step, type Value } from './value.ts';

export interface Specialised {
  batch: number;
  length: number;
  /** Steps that the logits need, in topological order. */
  steps: readonly Step[];
  logits: Value;
  lookups: readonly LookupRequest[];
  facts: Facts;
  /** Every named value of the export, in order of computation. */
  values: ReadonlyMap<string, Value>;
}

/**
 * Throws `not-decoder`, `structure`, `graph-input`, `bad-graph` (naming the node) or `operator`.
 */
export function specialise(graph: Graph, batch: number, length: number): Specialised {
  const builder = new Builder(graph.file, batch, length);
  const { given, nodes } = settled(graph);
  const values = new Map(given);
  let tokens: Value | null = null;
  for (const info of graph.inputs) {
    const value = inputValue(graph.file, info, builder);
    if (info.name === 'input_ids') tokens = value;
    values.set(info.name, value);
  }
  if (!tokens)
    throw new AtlasError('not-decoder', { file: graph.file, why: 'it takes no token ids' });
  if (!graph.outputs.some((o) => o.name === 'logits'))
    throw new AtlasError('not-decoder', { file: graph.file, why: 'it returns no logits' });

  for (const node of nodes) {
    for (const a of node.attributes.values()) {
      if (a.type === 'graph')
        throw new AtlasError('operator', {
          where: `node "${shown(node.name)}"`,
          operator: `${node.op} with a subgraph`,
        });
    }
    const inputs = node.inputs.map((name) => (name ? (values.get(name) ?? null) : null));
    const missing = node.inputs.findIndex((name, i) => name && !inputs[i]);
    if (missing >= 0)
      throw new AtlasError('operator', {
        where: `node "${shown(node.name)}"`,
        operator: `${node.op} on "${shown(elementAt(node.inputs, missing))}"`,
      });
    while (inputs.length > 0 && inputs.at(-1) === null) inputs.pop();
    let wanted = node.outputs.length;
    while (wanted > 1 && !node.outputs[wanted - 1]) wanted--;
    const outputs = builder.build(node.name, node.op, inputs, {
      domain: node.domain,
      attributes: node.attributes,
      outputs: wanted,
    });
    node.outputs.forEach((name, i) => {
      const value = outputs[i];
      if (name && value) values.set(name, value);
    });
  }
  const logits = defined(values.get('logits'));
  const steps = reachable(builder.steps, logits, tokens, graph.file);
  return { batch, length, steps, logits, lookups: builder.lookups, facts: builder.facts, values };
}

interface Settled {
  given: Map<string, Value>;
  nodes: readonly Node[];
}

const settledGraphs = new WeakMap<Graph, Settled>();

/**
 * The part that does not depend on batch and length: initialisers and Constant nodes, a third of
 * the nodes of an optimum export.
 */
function settled(graph: Graph): Settled {
  let found = settledGraphs.get(graph);
  if (found) return found;
  const builder = new Builder(graph.file, 1, 1);
  const given = new Map<string, Value>();
  for (const tensor of graph.initialisers.values()) given.set(tensor.name, initialiser(tensor));
  const nodes = graph.nodes.filter((node) => {
    if (node.op !== 'Constant' || node.domain) return true;
    const tensor = node.attributes.get('value');
    if (tensor?.type === 'tensor' && holdsWeights(tensor.value)) {
      given.set(
        elementAt(node.outputs, 0),
        initialiser({ ...tensor.value, name: elementAt(node.outputs, 0) }),
      );
      return false;
    }
    given.set(
      elementAt(node.outputs, 0),
      defined(builder.build(node.name, node.op, [], { attributes: node.attributes })[0]),
    );
    return false;
  });
  settledGraphs.set(graph, (found = { given, nodes }));
  return found;
}

/** Whether a constant is a weight: packed or quantised values, or a float matrix. */
const holdsWeights = ({ type, dims }: Tensor): boolean =>
  type in LINEAR_BITS ||
  (/^float(16|32)$/.test(type) && dims.length === 2 && dims.every((d) => d > 1));

/**
 * Floats and quantised values are weights. 32- and 64-bit integers and booleans are constants
 * (shapes and masks).
 */
function initialiser(tensor: Tensor): Value {
  const type = widened(tensor.type);
  const dims = tensor.dims;
  if (type === 'float32' || type in LINEAR_BITS) return { kind: 'weight', type, dims, tensor };
  return constantValue(decode(tensor));
}

function inputValue(file: string, { name, type, dims }: ValueInfo, builder: Builder): Value {
  const { batch, length } = builder;
  switch (name) {
    case 'input_ids':
      return builder.leaf({ type, dims: [batch, length] }, true);
    case 'attention_mask':
      return constantValue(uniform(type, [batch, length], 1));
    case 'position_ids': {
      const positions = {
        type: 'int64' as const,
        dims: [batch, length],
        stored: [1, length],
        data: Float64Array.from({ length }, (_, t) => t),
      };
      return constantValue({ ...positions, type });
    }
    // How many of the last logits are computed: 0 means all.
    case 'num_logits_to_keep':
    case 'logits_to_keep':
      return constantValue(
        uniform(
          type,
          dims.map((d) => (typeof d === 'number' ? d : 1)),
          0,
        ),
      );
  }
  if (/past/.test(name) && !/encoder|conv|ssm|recurrent/.test(name) && dims.length === 4) {
    // [batch, heads, past, head size]: an empty past.
    const empty = [batch, dims[1], 0, dims[3]].map((d) => (typeof d === 'number' ? d : 1));
    if (typeof dims[1] === 'number') builder.facts.kvHeads = dims[1];
    if (typeof dims[3] === 'number') builder.facts.headDim = dims[3];
    return constantValue(uniform(widened(type), empty, 0));
  }
  const other = otherKinds.find(([, pattern]) => pattern.test(name));
  if (other) throw new AtlasError(other[0], { file, why: other[2] });
  throw new AtlasError('graph-input', { file, input: shown(name) });
}

/** Inputs that identify other kinds of models. */
const otherKinds: readonly ['not-decoder' | 'structure', RegExp, string][] = [
  ['not-decoder', /^token_type_ids$/, 'it takes sentence pairs, as encoders do'],
  [
    'not-decoder',
    /^encoder_|^(past_key_values|past)\.\d+\.encoder\./,
    'it is the decoder of an encoder-decoder model (such as T5 or Whisper)',
  ],
  ['not-decoder', /^(pixel_values|input_features|input_values|audio_)/, 'it takes images or audio'],
  [
    'structure',
    /^(inputs_embeds|input_embeds|per_layer_inputs)$/,
    'it takes embeddings instead of token ids, as in a model that is split over several files',
  ],
  [
    'structure',
    /(conv|ssm|recurrent)(_|\b)/,
    'some of its layers have a recurrent state (as in Mamba and LFM2)',
  ],
  ['structure', /past/, 'its cache does not contain keys and values per head'],
];

/**
 * Returns the steps that the logits need. Throws `not-decoder` if token ids are used other than for
 * lookups.
 */
function reachable(steps: readonly Step[], logits: Value, tokens: Value, file: string): Step[] {
  const needed = new Set<Step>();
  const stack: Value[] = [logits];
  while (stack.length > 0) {
    const value = defined(stack.pop());
    if (value === tokens)
      throw new AtlasError('not-decoder', {
        file,
        why: 'it computes with token ids instead of looking them up',
      });
    if (value.kind !== 'computed' || !value.step || needed.has(value.step)) continue;
    needed.add(value.step);
    for (const v of value.step.inputs) if (v) stack.push(v);
  }
  return steps.filter((s) => needed.has(s));
}

/** Last dimension of a value. */
export const widthOf = (v: Value): number => v.dims.at(-1) ?? 0;

export const isSequence = (v: Value, s: { batch: number; length: number }): boolean =>
  v.dims.length === 3 && v.dims[0] === s.batch && v.dims[1] === s.length && count(v.dims) > 0;
