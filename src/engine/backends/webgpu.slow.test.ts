/**
 * Every tiny export on WebGPU: logits, one layer's disagreement and generated text equal those on
 * WASM (software adapters take minutes).
 */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defined } from '../../checked.ts';
import { compile } from '../../compiler/index.ts';
import { testGpu } from '../../device/test-gpu.ts';
import { readGraph } from '../../onnx/read.ts';
import { fixturePath } from '../../../test/fixtures.ts';
import { tinyDecoderGraph } from '../../../test/tiny-decoder.ts';
import { likeliest } from '../../../test/training-data.ts';
import { createEngine } from '../cut-engine.ts';
import type { Ort } from './ort.ts';
import { wasmBackend, webgpuBackend } from './test-backends.ts';
import { apart, batchOf, probesOf } from '../probe/test-probes.ts';
import { WebGpuBackend } from './webgpu-backend.ts';

const exports = [
  'llama/onnx/model_q4',
  'llama/onnx/model_fp16',
  'llama/onnx/model_bnb4',
  'llama/onnx/model_quantized',
  'qwen2/onnx/model_q4',
  'gpt2/onnx/model',
  'qwen3/onnx/model_q4',
  'llama-genai-int4-webgpu/model',
  'llama-genai-fp16/model',
  'qwen2-genai-kquant-mixed/model',
  'qwen3-genai-int4-webgpu/model',
];
const there = (await testGpu()) !== null;

describe.skipIf(!there)('WebGPU', () => {
  it.each(exports)('agrees with WASM on %s', async (name) => {
    const path = fixturePath('exports', `${name}.onnx`);
    const model = compile(
      await readGraph(readFileSync(path), {
        file: name,
        external: (part) => readFileSync(`${dirname(path)}/${part}`),
      }),
    );
    const cpu = createEngine({ model, backend: await wasmBackend(), memoryBudgetBytes: 1e9 });
    const gpu = createEngine({
      model,
      backend: defined(await webgpuBackend()),
      memoryBudgetBytes: 1e9,
    });
    const batch = batchOf(model.vocab);
    const want = await cpu.logits(batch);
    const got = await gpu.logits(batch);
    const top = want.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    expect(got.reduce((m, v, i) => Math.max(m, Math.abs(v - want[i]!)), 0) / top).toBeLessThan(
      1e-5,
    );
    const here = await cpu.cleanPass(batch);
    const over = await gpu.cleanPass(batch);
    const layer = model.layers - 1;
    const probes = probesOf(cpu, layer);
    expect(
      apart(await gpu.disagreement(over, probes), await cpu.disagreement(here, probes)),
    ).toBeLessThan(1e-4);
    const prompt = Int32Array.from({ length: 34 }, (_, i) => (i * i) % model.vocab);
    const texts: number[][] = [];
    for (const engine of [cpu, gpu]) {
      const ids: number[] = [];
      for await (const { id } of engine.generate({ prompt, tokens: 4, choose: likeliest }))
        ids.push(id);
      texts.push(ids);
    }
    expect(texts[1]).toEqual(texts[0]);
    await cpu.dispose();
    await gpu.dispose();
  });

  it('rejects with device-lost if the device is lost during a run', async () => {
    const gpu = defined(await testGpu());
    const ort = (await import('onnxruntime-web/webgpu')) as unknown as Ort;
    const model = compile(tinyDecoderGraph({ weights: 'q4' }));
    const engine = createEngine({
      model,
      backend: new WebGpuBackend(ort, gpu),
      memoryBudgetBytes: 1e9,
    });
    const pass = await engine.cleanPass(batchOf(model.vocab));
    const running = engine.disagreement(pass, probesOf(engine, 0));
    // One turn of the event loop later, the run has started and waits for a readback.
    setImmediate(() => gpu.device.destroy());
    await expect(running).rejects.toMatchObject({ code: 'device-lost' });
    await engine.dispose();
  });
});
