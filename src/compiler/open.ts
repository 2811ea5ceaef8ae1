/** Reads and compiles an export. For a merged decoder, it uses the branch that compiles. */
import type { Graph } from '../onnx/graph.ts';
import { readGraph, type ReadOptions } from '../onnx/read.ts';
import { parseModel } from '../onnx/external.ts';
import type { CompiledModel } from './compiled.ts';
import { compile } from './index.ts';

/** An export read and compiled. */
export interface OpenedExport {
  graph: Graph;
  compiled: CompiledModel;
}

/** How an export is read. */
export interface OpenExportOptions extends Omit<ReadOptions, 'branch'> {
  /** The longest sequence in tokens, if the model's config states it. */
  maxLength?: number | null;
}

/** Throws what `readGraph` and `compile` throw. */
export async function openExport(
  bytes: Uint8Array,
  { maxLength = null, ...options }: OpenExportOptions,
): Promise<OpenedExport> {
  // Both branches of a merged decoder may be read: decode the file once.
  const { parsed = parseModel(bytes) } = options;
  const opened = (read: Graph): OpenedExport => {
    const limited = maxLength === null ? read : { ...read, maxLength };
    return { graph: limited, compiled: compile(limited) };
  };
  const graph = await readGraph(bytes, { ...options, parsed });
  try {
    return opened(graph);
  } catch (refusal) {
    if (!graph.branch) throw refusal;
    const other = await readGraph(bytes, { ...options, parsed, branch: 'first' });
    try {
      return opened(other);
    } catch {
      throw refusal;
    }
  }
}
