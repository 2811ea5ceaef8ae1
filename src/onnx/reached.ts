/** Removes the parts of a graph that no wanted output needs. */
import type { Graph, Node } from './graph.ts';

/**
 * Returns the nodes, weights and inputs that the outputs `wanted` depend on. Graph outputs that are
 * computed on the way (those of a KV cache) remain outputs.
 */
export function reached(graph: Graph, wanted: readonly string[]): Graph {
  const makers = new Map<string, Node>();
  for (const node of graph.nodes) for (const name of node.outputs) if (name) makers.set(name, node);
  const names = new Set<string>();
  const nodes = new Set<Node>();
  const open = [...wanted];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (!name || names.has(name)) continue;
    names.add(name);
    const node = makers.get(name);
    if (!node || nodes.has(node)) continue;
    nodes.add(node);
    for (const made of node.outputs) if (made) names.add(made);
    open.push(...node.inputs);
  }
  return {
    ...graph,
    nodes: graph.nodes.filter((n) => nodes.has(n)),
    initialisers: new Map([...graph.initialisers].filter(([name]) => names.has(name))),
    inputs: graph.inputs.filter((i) => names.has(i.name)),
    outputs: graph.outputs.filter((o) => names.has(o.name)),
  };
}
