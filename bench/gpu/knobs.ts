/**
 * `knobs.ts [MODEL_FOLDER] [--knob NAME=VALUE] [--small]`: measures milliseconds and GPU calls
 * (`../counts/gpu.ts`) of each kind of work (`../work.ts`) with one setting of the runtime's WebGPU
 * provider. Without `--knob` it uses the product's settings.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bundledModel } from '../../cli/bundled.ts';
import { defaultBudget } from '../../src/runtime/ort.node.ts';
import { loadRuntime } from '../../cli/runtime.ts';
import { createEngine } from '../../src/engine/cut-engine.ts';
import type { Ort } from '../../src/engine/backends/ort.ts';
import { WebGpuBackend, type Knobs } from '../../src/engine/backends/webgpu-backend.ts';
import { nodeFiles } from '../../src/model/node-files.ts';
import { loadModel } from '../../src/runtime/load.ts';
import { GpuCounter } from '../counts/gpu.ts';
import { median } from '../machine.ts';
import { writeResult } from '../results.ts';
import { BEFORE, work } from '../work.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { knob: { type: 'string' }, small: { type: 'boolean', default: false } },
});
const [folder] = positionals;
const model = await loadModel(
  folder === undefined ? await bundledModel('atlas-3m') : await nodeFiles(resolve(folder)),
);
const knobs =
  values.knob === undefined ? {} : (Object.fromEntries([values.knob.split('=', 2)]) as Knobs);
const { ort, gpu } = await loadRuntime('webgpu');
if (!gpu) throw new Error('There is no GPU.');
// Hold the device while engines come and go.
gpu.retain();
const counter = new GpuCounter(ort as unknown as Ort);
const rows = [];
for (const [name, prepare] of Object.entries(
  work(values.small ? { sequences: 1, length: 2 } : { sequences: 2, length: 32 }),
)) {
  const backend = new WebGpuBackend(ort as unknown as Ort, gpu, knobs);
  const engine = createEngine({
    model: model.compiled,
    backend,
    memoryBudgetBytes: defaultBudget(),
  });
  const task = await prepare(engine);
  const times: number[] = [];
  for (let i = 0; i < BEFORE; i++) await task();
  const counts = await counter.of(task);
  for (let i = 0; i < (values.small ? 1 : 5); i++) {
    await gpu.device.queue.onSubmittedWorkDone();
    const start = performance.now();
    await task();
    await gpu.device.queue.onSubmittedWorkDone();
    times.push(performance.now() - start);
  }
  await engine.dispose();
  rows.push({ name, milliseconds: median(times), least: Math.min(...times), counts });
  console.log(`${name}: ${median(times).toFixed(1)} ms, ${JSON.stringify(counts)}`);
}
writeResult('knobs', { model: model.open.title, knobs, rows });
process.exit(0);
