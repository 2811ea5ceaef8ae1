/**
 * `agreement.ts [MODEL_FOLDER] [--meaningless]`: compares a model on the GPU with the runtime's CPU
 * provider in the same process: self-tests, logits, a backward pass of the Jacobian probe, and the
 * losses of three LoRA steps. The default is the bundled model.
 */
import { resolve } from 'node:path';
import { bundledModel } from '../../cli/bundled.ts';
import { backendOf } from '../../src/runtime/runtime.ts';
import { defaultBudget } from '../../src/runtime/ort.node.ts';
import { loadRuntime } from '../../cli/runtime.ts';
import { createEngine } from '../../src/engine/cut-engine.ts';
import { fewTokens, selfTest } from '../../src/engine/check/self-test.ts';
import { CpuBackend } from '../../src/engine/backends/cpu-backend.ts';
import { nodeFiles } from '../../src/model/node-files.ts';
import { loadModel, testedOf } from '../../src/runtime/load.ts';
import { writeResult } from '../results.ts';
import { apart, beyond, endWith, numbersOf } from './numbers.ts';

const args = process.argv.slice(2);
const folder = args.find((arg) => !arg.startsWith('--'));
const model = await loadModel(
  folder === undefined ? await bundledModel('atlas-3m') : await nodeFiles(resolve(folder)),
);
const runtime = await loadRuntime('webgpu');
const backend = backendOf(runtime);
const batch = fewTokens(model.compiled);

const onGpu = createEngine({ model: model.compiled, backend, memoryBudgetBytes: defaultBudget() });
const { checks } = await selfTest(testedOf(model, runtime.ort), onGpu, backend);
const training = await onGpu.testTraining();
const gpu = await numbersOf(onGpu, batch);
const onCpu = createEngine({
  model: model.compiled,
  backend: new CpuBackend(runtime.ort),
  memoryBudgetBytes: defaultBudget(),
});
const cpu = await numbersOf(onCpu, batch);
const differences = apart(gpu, cpu);
writeResult('agreement', {
  model: model.open.title,
  provider: onGpu.provider,
  tokens: `${batch.sequences} x ${batch.length}`,
  checks: [...checks, ...training],
  apart: differences,
  losses: { gpu: gpu.losses, cpu: cpu.losses },
});
console.log(
  `${model.open.title}: ${[...checks, ...training].map((c) => `${c.name} ${c.error.toExponential(1)} of ${c.allowed}`).join(', ')}`,
);
console.log(
  `against the CPU provider, largest difference over largest value: ${JSON.stringify(differences)}`,
);
const failed = [...checks, ...training]
  .filter((c) => !c.ok)
  .map((c) => `${c.name} ${c.error.toExponential(1)} of ${c.allowed}`);
endWith([...failed, ...beyond('all', differences)], args.includes('--meaningless'));
