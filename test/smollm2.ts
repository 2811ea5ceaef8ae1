/** Assembles SmolLM2-135M (q4) in a temporary directory and opens it on WASM, for slow tests. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sharedPath } from './shared.ts';
import { compile } from '../src/compiler/index.ts';
import type { CompiledModel } from '../src/compiler/compiled.ts';
import type { Graph } from '../src/onnx/graph.ts';
import { readGraph } from '../src/onnx/read.ts';
import { createEngine, type CutEngine } from '../src/engine/cut-engine.ts';
import { cpuBackend } from '../src/engine/backends/test-backends.ts';

export interface OpenedSmolLm2 {
  engine: CutEngine;
  close(): Promise<void>;
}

/** `modelOf` may store the layers in another format. */
export async function openSmolLm2(
  modelOf: (graph: Graph) => CompiledModel | Promise<CompiledModel> = compile,
): Promise<OpenedSmolLm2> {
  const folder = mkdtempSync(join(tmpdir(), 'atlas-'));
  execFileSync(process.execPath, [sharedPath('models', 'assemble.mjs'), folder]);
  const file = (name: string) => join(folder, 'SmolLM2-135M-Instruct-ONNX', 'onnx', name);
  const graph = await readGraph(readFileSync(file('model_q4.onnx')), {
    file: 'model_q4.onnx',
    external: (name) => readFileSync(file(name)),
  });
  const engine = createEngine({
    model: await modelOf(graph),
    backend: await cpuBackend(),
    memoryBudgetBytes: 3e9,
  });
  return {
    engine,
    close: async () => {
      await engine.dispose();
      rmSync(folder, { recursive: true });
    },
  };
}
