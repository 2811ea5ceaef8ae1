/**
 * The minimal changes that let the CPU provider run an export. Quantised embedding lookups (made
 * for a GPU) have no kernel there, so they become an input that the engine's own lookups fill.
 * Constants of nodes are moved into the file. 4-bit products take forms that the kernel computes
 * correctly. Everything else is unmodified.
 */
import { defined } from '../../checked.ts';
import { misfitsKernel, inKernelForms } from '../../compiler/blocks.ts';
import type { CompiledModel } from '../../compiler/compiled.ts';
import type { Graph, Node } from '../../onnx/graph.ts';
import { writeGraph } from '../../onnx/write.ts';
import type { TokenBatch } from '../engine.ts';
import type { OriginalModel } from './original.ts';

/** Input that receives the embedding rows. */
export const ROWS = 'embedding_rows';

const isLookup = (n: Node) => n.op === 'GatherBlockQuantized';

/** True if the export looks tokens up in a quantised table. */
export const hasQuantisedLookup = (graph: Graph): boolean => graph.nodes.some(isLookup);

/**
 * Whether the original bytes cannot run for another reason: constants outside the file, or 4-bit
 * products that do not fit the kernel.
 */
export const needsRewriting = (graph: Graph): boolean =>
  graph.constantsOutside === true || misfitsKernel(graph);

/** The same export as one file in forms that the runtime supports. */
export const rewritten = (graph: Graph, headDim: number | null): OriginalModel => ({
  graph: writeGraph(inKernelForms(graph)),
  external: new Map(),
  headDim,
});

/**
 * The export with its one quantised lookup replaced by the input `ROWS`, float32
 * `[batch, length, width]`.
 */
export const withoutQuantisedLookup = (graph: Graph, headDim: number | null): OriginalModel => ({
  graph: writeGraph(withRows(inKernelForms(graph), isLookup)),
  external: new Map(),
  headDim,
});

/** Replaces the graph's one `lookup` by the input `ROWS`. */
export function withRows(graph: Graph, lookup: (node: Node) => boolean): Graph {
  const half =
    graph.outputs[0]?.type === 'float16' ||
    [...graph.initialisers.values()].some((t) => t.type === 'float16');
  const nodes = graph.nodes.map((n): Node =>
    lookup(n)
      ? {
          ...n,
          op: 'Cast',
          domain: '',
          inputs: [ROWS],
          attributes: new Map([['to', { type: 'int', value: half ? 10 : 1 }]]),
        }
      : n,
  );
  const inputs = [
    ...graph.inputs,
    { name: ROWS, type: 'float32' as const, dims: ['batch_size', 'sequence_length', 'width'] },
  ];
  return { ...graph, nodes, inputs };
}

/** Rows of the model's token table for a batch. */
export function embeddingRows(
  { lookups }: CompiledModel,
  { ids }: TokenBatch,
): { data: Float32Array; width: number } {
  const table = defined(lookups.find((l) => l.source === 'input_ids'));
  const data = new Float32Array(ids.length * table.width);
  ids.forEach((id, i) => table.read(id, data.subarray(i * table.width, (i + 1) * table.width)));
  return { data, width: table.width };
}
