/**
 * Selects one decoder of a merged export (`decoder_model_merged.onnx`). Such a file holds two
 * decoders in an If on the input `use_cache_branch`: one with a KV cache, one without. The nodes of
 * one branch replace the If.
 *
 * The branch with a cache is tried first: with an empty cache it computes the same logits, and a
 * written copy can generate. If it does not mask later tokens (it was traced for one token), the
 * other branch is used.
 */
import { DEEPEST } from './external.ts';
import { decodeMessage, graphProto, type Message, type nodeProto } from './proto.ts';

/** The decoder with a cache, or the one for the first tokens. */
export type Branch = 'cache' | 'first';

export const CACHE_BRANCH = 'use_cache_branch';

type GraphProto = Message<typeof graphProto>;
type NodeProto = Message<typeof nodeProto>;

/** Whether the graph chooses between two decoders. */
export const isMerged = ({ node }: GraphProto): boolean => node.some(choosesCache);

const choosesCache = (n: NodeProto): boolean => n.opType === 'If' && n.input[0] === CACHE_BRANCH;

/**
 * Returns the graph with each If on `use_cache_branch` replaced by one branch, and without that
 * input. Throws what decoding throws.
 */
export function oneBranch(graph: GraphProto, branch: Branch): GraphProto {
  const initializer = [...graph.initializer];
  const chosen = branch === 'cache' ? 'then_branch' : 'else_branch';
  const settled = (nodes: readonly NodeProto[], depth: number): NodeProto[] =>
    nodes.flatMap((n) => {
      const bytes =
        choosesCache(n) && depth < DEEPEST
          ? n.attribute.find((a) => a.name === chosen)?.g
          : undefined;
      if (!bytes) return [n];
      const inner = decodeMessage(graphProto, bytes);
      const outputs = n.output.map((name, i): NodeProto[] => {
        const made = inner.output[i]?.name ?? '';
        return made === name || !name
          ? []
          : [
              {
                input: [made],
                output: [name],
                name: '',
                opType: 'Identity',
                attribute: [],
                domain: '',
              },
            ];
      });
      initializer.push(...inner.initializer);
      return [...settled(withoutPrefix(inner.node), depth + 1), ...outputs.flat()];
    });
  return {
    ...graph,
    node: settled(graph.node, 0),
    initializer,
    input: graph.input.filter((i) => i.name !== CACHE_BRANCH),
  };
}

/**
 * Tools that merge two graphs may prefix all node names of each (`past_/model/layers.0/…`). The
 * prefix is not part of a module path, so it is removed.
 */
function withoutPrefix(nodes: readonly NodeProto[]): readonly NodeProto[] {
  const prefix = /^[^/]+_(?=\/)/.exec(nodes.find((n) => n.name.includes('/'))?.name ?? '')?.[0];
  if (!prefix || !nodes.every((n) => !n.name || n.name.startsWith(prefix))) return nodes;
  return nodes.map((n) => ({ ...n, name: n.name.slice(prefix.length) }));
}
