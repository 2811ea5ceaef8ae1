/**
 * `agreement.ts [MODEL_FOLDER]`: a model on the GPU against the runtime's CPU provider in the same process: the self-tests, logits, a
 * backward pass of the Jacobian probe, and the losses of three LoRA steps. Without a folder the bundled model.
 */
import { resolve } from 'node:path';
import { bundledModel } from '../../cli/bundled.ts';
import { backendOf, budget } from '../../cli/engine.ts';
import { loadRuntime } from '../../cli/runtime.ts';
import { createEngine, type CutEngine } from '../../src/engine/cut-engine.ts';
import { difference, fewTokens, selfTest } from '../../src/engine/self-test.ts';
import { WasmBackend } from '../../src/engine/wasm-backend.ts';
import { jacobianSquares } from '../../src/methods/jacobian.ts';
import { initialAdapters } from '../../src/methods/lora.ts';
import { nodeFiles } from '../../src/model/node-files.ts';
import { loadModel, testedOf } from '../../src/worker/load.ts';
import { writeResult } from '../results.ts';

const folder = process.argv[2], model = await loadModel(folder === undefined ? await bundledModel('atlas-3m') : await nodeFiles(resolve(folder)));
const runtime = await loadRuntime('webgpu'), backend = backendOf(runtime), batch = fewTokens(model.compiled);

async function numbersOf(engine: CutEngine) {
  const logits = await engine.logits(batch);
  const squares = await jacobianSquares(engine, await engine.cleanPass(batch), { seed: 1, perToken: false }, [0]);
  const adapters = await engine.adapters(initialAdapters(1, engine.modules, engine.modules.map(() => 4))), losses: number[] = [];
  for (let step = 1; step <= 3; step++) {
    const adamW = { step, learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxNorm: 1 };
    losses.push((await engine.trainStep(batch, { adapters, scale: () => 2 }, adamW)).loss);
  }
  return { logits, squares: squares.flat(), losses };
}

const onGpu = createEngine({ model: model.compiled, backend, memoryBudgetBytes: budget() });
const { checks } = await selfTest(testedOf(model, runtime.ort), onGpu, backend), training = await onGpu.testTraining();
const gpu = await numbersOf(onGpu);
const onCpu = createEngine({ model: model.compiled, backend: new WasmBackend(runtime.ort), memoryBudgetBytes: budget() });
const cpu = await numbersOf(onCpu);
const apart = { logits: difference(gpu.logits, cpu.logits), jacobian: difference(gpu.squares, cpu.squares), losses: difference(gpu.losses, cpu.losses) };
writeResult('agreement', { model: model.open.title, provider: onGpu.provider, tokens: `${batch.sequences} x ${batch.length}`, checks: [...checks, ...training], apart, losses: { gpu: gpu.losses, cpu: cpu.losses } });
console.log(`${model.open.title}: ${[...checks, ...training].map((c) => `${c.name} ${c.error.toExponential(1)} of ${c.allowed}`).join(', ')}`);
console.log(`against the CPU provider, largest difference over largest value: ${JSON.stringify(apart)}`);
process.exit(0);
