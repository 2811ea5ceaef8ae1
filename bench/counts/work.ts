/** The models whose work is counted, and the work: what a measurement, a training step, a probe and a token are made of. */
import { existsSync, readFileSync } from 'node:fs';
import { bundledModel } from '../../cli/bundled.ts';
import type { CompiledModel } from '../../src/compiler/compiled.ts';
import { openExport } from '../../src/compiler/open.ts';
import { nullGpu } from '../../src/device/test-null-gpu.ts';
import { createEngine, type CutEngine } from '../../src/engine/cut-engine.ts';
import type { TokenBatch } from '../../src/engine/engine.ts';
import type { Ort } from '../../src/engine/ort.ts';
import { shortLived } from '../../src/engine/test-backends.ts';
import { WebGpuBackend } from '../../src/engine/webgpu-backend.ts';
import { adaRank } from '../../src/methods/adarank.ts';
import { jacobianSquares } from '../../src/methods/jacobian.ts';
import { initialAdapters } from '../../src/methods/lora.ts';
import { likeliest } from '../../src/methods/sampling.ts';
import { toEnd } from '../../src/methods/to-end.ts';
import { decodeMessage, modelProto } from '../../src/onnx/proto.ts';
import { loadModel } from '../../src/worker/load.ts';
import { sharedPath } from '../../test/shared.ts';
import { GpuCounter, type Counts } from './gpu.ts';

/** Counts of each piece of work. */
export type Work = Record<string, Counts>;

const tokens = ({ vocab }: CutEngine, sequences: number, length: number): TokenBatch =>
  ({ ids: Int32Array.from({ length: sequences * length }, (_, i) => (i * i * 7 + 3) % vocab), sequences, length });

/** How often each is done before it is counted: sessions are made, and the runtime has the buffers it keeps for the next time. */
const BEFORE = 2;

/** Each gets an engine of its own and leaves what is to be done again and again. */
const WORK: Record<string, (engine: CutEngine) => Promise<() => Promise<unknown>>> = {
  'AdaRank sweep': async (engine) => {
    const pass = await engine.cleanPass(tokens(engine, 2, 32));
    const options = { seed: 1, variant: 'two-draws', noise: { scale: 'std' }, repeats: 1, vocabularySample: 0 } as const;
    return () => toEnd(adaRank(engine, pass, options, { granularity: () => 'layer' }, () => false, () => 0));
  },
  'LoRA step': async (engine) => {
    const adapters = await engine.adapters(initialAdapters(1, engine.modules, engine.modules.map(() => 8))), batch = tokens(engine, 1, 64);
    const adamW = { step: 1, learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxNorm: 1 };
    return () => engine.trainStep(batch, { adapters, scale: () => 2 }, adamW);
  },
  'Jacobian probe': async (engine) => {
    const pass = await engine.cleanPass(tokens(engine, 2, 32));
    return () => jacobianSquares(engine, pass, { seed: 1, perToken: false }, [0, 1, 2, 3, 4, 5, 6, 7]);
  },
  token: async (engine) => {
    const text = engine.generate({ prompt: tokens(engine, 1, 8).ids, tokens: BEFORE + 2, choose: likeliest });
    await text.next();
    return () => text.next();
  },
};

/** Counts on a device that computes nothing. To be had once in a process. */
export async function openCounter(): Promise<(model: CompiledModel) => Promise<Work>> {
  shortLived();
  const ort = (await import('onnxruntime-web/webgpu')) as unknown as Ort;
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  const counter = new GpuCounter(ort);
  return async (model) => {
    const counts: Work = {};
    for (const [name, prepare] of Object.entries(WORK)) {
      // The budget decides what is kept and what is batched: the same on every machine.
      const engine = createEngine({ model, backend: new WebGpuBackend(ort, await nullGpu()), memoryBudgetBytes: 3e9 }), task = await prepare(engine);
      for (let i = 0; i < BEFORE; i++) await task();
      counts[name] = await counter.of(task);
      await engine.dispose();
    }
    return counts;
  };
}

/** By name, how each model is had; null: its graph is not beside this checkout. */
export const MODELS: Record<string, () => Promise<CompiledModel | null>> = {
  'atlas-3m': async () => (await loadModel(await bundledModel('atlas-3m'))).compiled,
  'SmolLM2-135M': async () => {
    const file = sharedPath('models', 'SmolLM2-135M-Instruct-ONNX', 'onnx', 'model_q4.onnx');
    if (!existsSync(file)) return null;
    const graph = readFileSync(file);
    return (await openExport(graph, { file: 'model_q4.onnx', external: () => madeUp(graph) })).compiled;
  },
};

/** Weights as long as the graph's, all of them small float32 numbers where they are read as such. */
function madeUp(graph: Uint8Array): Uint8Array {
  const ends = decodeMessage(modelProto, graph).graph!.initializer.map(({ externalData }) => {
    const entry = (key: string) => Number(externalData.find((e) => e.key === key)?.value ?? 0);
    return entry('offset') + entry('length');
  });
  return new Uint8Array(Float32Array.from({ length: Math.ceil(Math.max(...ends) / 4) }, (_, i) => 0.01 + (i % 997) * 1e-5).buffer);
}
