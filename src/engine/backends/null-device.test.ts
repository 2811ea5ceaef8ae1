/** The requests of the engine to a device that computes nothing and has the minimum limits. */
import { afterAll, describe, expect, test, vi } from 'vitest';
import { defined } from '../../checked.ts';
import { adamWStep, randomAdapters, trainingBatch } from '../../../test/training-data.ts';
import { quantisedDecoder } from '../../../test/quantised-forms.ts';
import { tinyDecoder } from '../../../test/tiny-decoder.ts';
import type { VocabularyHead } from '../../compiler/compiled.ts';
import { compile } from '../../compiler/index.ts';
import { refusalOf } from '../../device/gpu.ts';
import { nullGpu } from '../../device/test-null-gpu.ts';
import { readGraph } from '../../onnx/read.ts';
import { writeGraph } from '../../onnx/write.ts';
import type { Backend } from './backend.ts';
import { CrossEntropy } from '../head/cross-entropy.ts';
import { createEngine } from '../cut-engine.ts';
import type { Ort } from './ort.ts';
import { batchOf } from '../probe/test-probes.ts';
import { Vocabulary } from '../head/vocabulary.ts';
import { VocabularyChunks } from '../head/vocabulary-chunks.ts';
import { WebGpuBackend } from './webgpu-backend.ts';

vi.setConfig({ testTimeout: 120_000 });

const gpu = await nullGpu();
const ort = (await import('onnxruntime-web/webgpu')) as unknown as Ort;
ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';
const model = compile(await readGraph(tinyDecoder({ weights: 'q4' }), { file: 'tiny' }));
const engine = createEngine({
  model,
  backend: new WebGpuBackend(ort, gpu),
  memoryBudgetBytes: 1e9,
});
afterAll(() => engine.dispose());

/** How often the runtime or the engine copied from the device and waited for it during `work`. */
async function readbacksOf(work: () => Promise<unknown>): Promise<number> {
  const { GPUBuffer } = globalThis as unknown as { GPUBuffer: { prototype: GPUBuffer } };
  const spy = vi.spyOn(GPUBuffer.prototype, 'mapAsync');
  await work();
  const { length } = spy.mock.calls;
  spy.mockRestore();
  return length;
}

test('a training step reads back its loss and gradient norm, and nothing else', async () => {
  const adapters = await engine.adapters(randomAdapters(engine.modules, 2));
  const use = { adapters, scale: () => 2 };
  // A device that computes nothing returns a loss that is not finite.
  const step = () =>
    expect(engine.trainStep(trainingBatch(), use, adamWStep({}))).rejects.toMatchObject({
      code: 'diverged',
    });
  await step();
  // Three columns of the cross entropy, one norm.
  expect(await readbacksOf(step)).toBe(4);
  adapters.dispose();
});

test('engines share a device, which the last engine destroys', async () => {
  const own = await nullGpu();
  const [first, second] = [0, 1].map(() =>
    createEngine({ model, backend: new WebGpuBackend(ort, own), memoryBudgetBytes: 1e9 }),
  );
  await defined(first).dispose();
  expect(await own.lost()).toBe(false);
  await defined(second).dispose();
  expect(await own.lost()).toBe(true);
});

describe('WebGPU’s minimum limits (bindings of 128 MiB, buffers of 256 MiB) and 262144 tokens suffice', () => {
  const vocab = 262_144;
  const hidden = 8;
  const table = new Uint8Array(4 * vocab * hidden);
  const head: VocabularyHead = {
    vocab,
    hidden,
    format: { kind: 'float32' },
    transposed: false,
    bias: null,
    nonlinearAfter: false,
    tensors: [{ name: 'table', type: 'float32', dims: [vocab, hidden], bytes: table }],
  };
  const on = async (
    work: (backend: Backend, chunks: VocabularyChunks) => Promise<unknown>,
  ): Promise<void> => {
    const own = await nullGpu();
    const backend = new WebGpuBackend(ort, own);
    const chunks = new VocabularyChunks(backend, head);
    expect([
      own.device.limits.maxStorageBufferBindingSize,
      own.device.limits.maxBufferSize,
    ]).toEqual([128 << 20, 256 << 20]);
    await work(backend, chunks);
    expect(refusalOf(own.device)).toBe(null);
    chunks.dispose();
    await backend.dispose();
  };

  test('for distances of seven pairs of 8 x 128 tokens, with chunks of logits of 224 MiB', () =>
    on(async (backend, chunks) => {
      const vocabulary = new Vocabulary(backend, chunks);
      const difference = backend.zeros([7 * 8 * 128, hidden]);
      await vocabulary.distance(difference, 7);
      await vocabulary.dispose();
    }));

  test('for the loss of 64 x 128 tokens and its gradient, 256 MiB', () =>
    on(async (backend, chunks) => {
      const rows = 64 * 128;
      const loss = new CrossEntropy(backend, chunks);
      const { pass } = await loss.forwardAndGradient(
        backend.zeros([rows, hidden]),
        new Int32Array(rows),
        new Float32Array(rows),
      );
      await loss.losses(pass);
      await loss.dispose();
    }));
});

test('int8 weights are uploaded once, as bytes', async () => {
  const { quantised } = quantisedDecoder({
    op: 'linear',
    type: 'int8',
    axis: 0,
    block: 16,
    zeros: true,
  });
  const int8 = compile(await readGraph(writeGraph(quantised), { file: 'tiny' }));
  const backend = new WebGpuBackend(ort, gpu);
  const upload = vi.spyOn(backend, 'upload');
  const own = createEngine({ model: int8, backend, memoryBudgetBytes: 1e9 });
  const batch = batchOf(int8.vocab);
  const sent = () => upload.mock.calls.map(([type]) => type);
  for (let i = 0; i < 2; i++) (await own.cleanPass(batch)).dispose();
  expect(sent()).toContain('uint8');
  expect(sent()).not.toContain('int8');
  const bytes = () => upload.mock.calls.filter(([type]) => type === 'uint8').length;
  const before = bytes();
  (await own.cleanPass(batch)).dispose();
  expect(bytes()).toBe(before);
  await own.dispose();
});
