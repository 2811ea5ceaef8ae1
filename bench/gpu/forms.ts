/**
 * `forms.ts [--meaningless]`: compares a tiny decoder in every supported quantisation format on the
 * GPU with the runtime's CPU provider in the same process.
 */
import { defined } from '../../src/checked.ts';
import { backendOf } from '../../src/runtime/runtime.ts';
import { loadRuntime } from '../../cli/runtime.ts';
import { compile } from '../../src/compiler/index.ts';
import { createEngine } from '../../src/engine/cut-engine.ts';
import { CpuBackend } from '../../src/engine/backends/cpu-backend.ts';
import { forms, quantisedDecoder } from '../../test/quantised-forms.ts';
import { trainingBatch } from '../../test/training-data.ts';
import { writeResult } from '../results.ts';
import { apart, beyond, endWith, numbersOf } from './numbers.ts';

const runtime = await loadRuntime('webgpu');
const rows = [];
const found: string[] = [];
// Hold the device while engines come and go.
runtime.gpu?.retain();
for (const [name, form] of forms) {
  const model = compile(quantisedDecoder(form).quantised);
  const batch = trainingBatch();
  const numbers = [];
  for (const backend of [backendOf(runtime), new CpuBackend(runtime.ort)]) {
    const engine = createEngine({ model, backend, memoryBudgetBytes: 1e9 });
    numbers.push(await numbersOf(engine, batch));
    await engine.dispose();
  }
  const [gpu, cpu] = numbers;
  const differences = apart(defined(gpu), defined(cpu));
  rows.push({ name, apart: differences });
  found.push(...beyond(name, differences));
  console.log(`${name}: ${JSON.stringify(differences)}`);
}
writeResult('forms', { rows });
endWith(found, process.argv.includes('--meaningless'));
