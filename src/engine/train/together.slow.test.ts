/**
 * 200 LoRA steps on WebGPU and on WASM from the same start: how far the two runs diverge. A
 * software adapter takes seconds per step for any batch, because the cost is per operator. So the
 * model is the smallest: two layers, in 4 bits.
 */
import { expect, it } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { compile } from '../../compiler/index.ts';
import { testGpu } from '../../device/test-gpu.ts';
import { initialAdapters } from '../../methods/lora.ts';
import { batchOfStep } from '../../methods/windows.ts';
import { tinyDecoderGraph } from '../../../test/tiny-decoder.ts';
import { adamWStep } from '../../../test/training-data.ts';
import type { Backend } from '../backends/backend.ts';
import { createEngine } from '../cut-engine.ts';
import { cpuBackend, webgpuBackend } from '../backends/test-backends.ts';

const STEPS = 200;
const there = (await testGpu()) !== null;

async function losses(backend: Backend): Promise<{ steps: number[]; held: number }> {
  const model = compile(tinyDecoderGraph({ weights: 'q4' }));
  const engine = createEngine({ model, backend, memoryBudgetBytes: 1e9 });
  const adapters = await engine.adapters(
    initialAdapters(
      1,
      model.modules,
      model.modules.map(() => 4),
    ),
  );
  const use = { adapters, scale: () => 2 };
  // Learnable text: every sequence counts up from its first token, in strides of 1 or 2.
  const data = {
    ids: Int32Array.from(
      { length: 16 * 12 },
      (_, i) => (7 * Math.floor(i / 12) + (i % 12) * (1 + Math.floor(i / 96))) % model.vocab,
    ),
    sequences: 16,
    length: 12,
  };
  const steps: number[] = [];
  for (let step = 1; step <= STEPS; step++) {
    steps.push(
      (
        await engine.trainStep(
          batchOfStep(data, 1, step, 4),
          use,
          adamWStep({ step, learningRate: 5e-3 }),
        )
      ).loss,
    );
  }
  const { sum, tokens } = await engine.evaluate(data, use);
  await engine.dispose();
  return { steps, held: sum / tokens };
}

it.skipIf(!there)(`stay together over ${STEPS} steps`, { timeout: 3_600_000 }, async () => {
  const cpu = await losses(await cpuBackend());
  const gpu = await losses(defined(await webgpuBackend()));
  const apart = cpu.steps.map((loss, i) => Math.abs(loss - gpu.steps[i]!));
  const upTo = (n: number) => Math.max(...apart.slice(0, n)).toExponential(1);
  console.log(
    `loss ${cpu.steps[0]!.toFixed(3)} to ${elementAt(cpu.steps, -1).toFixed(3)}; apart at most ${upTo(5)} in 5 steps, ${upTo(50)} in 50, ${upTo(STEPS)} in ${STEPS}; the trained models' losses ${Math.abs(cpu.held - gpu.held).toExponential(1)}`,
  );
  // The model must learn; otherwise agreement would prove little.
  expect(elementAt(cpu.steps, -1)).toBeLessThan(cpu.steps[0]! - 1);
  expect(Math.max(...apart.slice(0, 5))).toBeLessThan(1e-4);
  expect(Math.max(...apart)).toBeLessThan(1e-3);
});
