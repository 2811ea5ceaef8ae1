/**
 * Removes layers from an export, as a reference for the self-test that needs less memory. Readers
 * of the residual stream after a removed layer read the stream after the last retained layer
 * instead. All other nodes are original, so the logits verify the retained layers, the embedding
 * and the head.
 */
import { elementAt } from '../checked.ts';
import { AtlasError } from '../errors.ts';
import type { Graph, Node } from '../onnx/graph.ts';
import { reached } from '../onnx/reached.ts';
import type { Cuts } from './block.ts';
import type { ComputedValue } from './value.ts';

/**
 * `layers`: the retained layers, ascending, including 0. Cache inputs and outputs of the other
 * layers are removed. Throws AtlasError `structure` if a residual stream has no name in the export.
 */
export function shortGraph(graph: Graph, cuts: Cuts, layers: readonly number[]): Graph {
  const renamed = new Map<string, string>();
  const replaced = new Map<Node, Node>();
  const count = cuts.cut.layers.length;
  layers.forEach((layer, i) => {
    const last = (layers[i + 1] ?? count) - 1;
    if (last === layer) return;
    const from = endOf(graph, cuts, layer);
    const to = endOf(graph, cuts, last);
    if (to.fused && from.fused) replaced.set(to.fused, withSummands(to.fused, from.fused));
    else if (to.name !== null && from.name !== null) renamed.set(to.name, from.name);
    else
      throw new AtlasError('structure', {
        file: graph.file,
        why: `the residual stream after its layer ${last} cannot be replaced`,
      });
  });
  const nodes = graph.nodes.map((node): Node => {
    const now = replaced.get(node) ?? node;
    return now.inputs.some((name) => renamed.has(name))
      ? { ...now, inputs: now.inputs.map((name) => renamed.get(name) ?? name) }
      : now;
  });
  return reached({ ...graph, nodes }, ['logits']);
}

/** The producer of the residual stream after a layer. */
interface End {
  /** Its name in the export; null if the stream exists only inside a fused norm. */
  name: string | null;
  /**
   * The fused norm that adds the layer's last summand, if any. The norm itself belongs to the next
   * layer.
   */
  fused: Node | null;
}

function endOf(graph: Graph, { s, cut }: Cuts, layer: number): End {
  const { output } = elementAt(cut.layers, layer);
  const fused = graph.nodes.find(
    (n) =>
      isFused(n) &&
      summed(s.values.get(elementAt(n.outputs, 0)) as ComputedValue | undefined) === output,
  );
  // A value may have several names (the compiler ignores some Casts). The others derive from the
  // first.
  const name = graph.nodes.flatMap((n) => n.outputs).find((o) => o && s.values.get(o) === output);
  return { name: name ?? null, fused: fused ?? null };
}

const isFused = ({ op, domain }: Node): boolean =>
  domain === 'com.microsoft' && /^Skip(Simplified)?LayerNormalization$/.test(op);

/** The input of a norm. */
const summed = (norm: ComputedValue | undefined) => norm?.step?.inputs[0];

/** Norm `to` with the inputs of `from`: its two summands, and the bias added to them. */
function withSummands(to: Node, from: Node): Node {
  const inputs = [elementAt(from.inputs, 0), elementAt(from.inputs, 1), ...to.inputs.slice(2)];
  const added = from.inputs[biasOf(from)] ?? '';
  if (added || inputs[biasOf(to)]) {
    while (inputs.length < biasOf(to)) inputs.push('');
    inputs[biasOf(to)] = added;
  }
  return { ...to, inputs };
}

/** Index of the input that is added to the summands. */
const biasOf = ({ op }: Node): number => (op === 'SkipLayerNormalization' ? 4 : 3);
