/**
 * Runs our training step on the bundled model. The first message gives the size; every later
 * message requests one step.
 */
import { createEngine } from '../../../src/engine/cut-engine.ts';
import { CpuBackend } from '../../../src/engine/backends/cpu-backend.ts';
import { initialAdapters } from '../../../src/methods/lora.ts';
import { batchOfStep } from '../../../src/methods/windows.ts';
import { bundledFiles } from '../../../src/model/bundled-files.ts';
import { batchOf, factsOf, loadModel } from '../../../src/runtime/load.ts';
import { loadRuntime } from '../../../src/worker/runtime.ts';
import type { Size } from '../size.ts';
import { ADAMW } from '../../adamw.ts';

let step: () => Promise<number>;

async function begin({ batch, length, rank, learningRate, maxNorm }: Size): Promise<void> {
  const base = new URL('./', self.name).href;
  const model = await loadModel(await bundledFiles(base, 'atlas-3m'));
  const facts = factsOf(model);
  const engine = createEngine({
    model: model.compiled,
    backend: new CpuBackend(await loadRuntime('wasm', () => undefined)),
    memoryBudgetBytes: 2e9,
  });
  const words = await (await fetch(new URL('texts/opticks-train.txt', base))).text();
  const data = await batchOf(
    { text: { kind: 'bundled', id: 'opticks-train' }, sequences: Infinity, length, bos: 'none' },
    words,
    model,
  );
  const adapters = await engine.adapters(
    initialAdapters(
      1,
      facts.modules,
      facts.modules.map(() => rank),
    ),
  );
  let count = 0;
  step = async () => {
    count++;
    return (
      await engine.trainStep(
        batchOfStep(data, 1, count, batch),
        { adapters, scale: () => 2 },
        {
          step: count,
          learningRate,
          ...ADAMW,
          maxNorm,
        },
      )
    ).loss;
  };
}

self.onmessage = async ({ data }: MessageEvent<Size | 'step'>) => {
  if (data !== 'step') await begin(data);
  self.postMessage(data === 'step' ? await step() : 0);
};
