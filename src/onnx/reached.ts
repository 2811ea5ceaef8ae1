/** A graph without what nothing asks for. */
import type { Graph, Node } from './graph.ts';

/**
 * What the outputs `wanted` are computed from: these nodes, weights and inputs, and of the graph's
 * outputs those that are made on the way anyhow (a cache's).
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
