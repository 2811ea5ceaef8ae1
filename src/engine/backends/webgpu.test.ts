/**
 * WebGPU: the backend against plain loops, the engine against WASM, the self-test, and a lost
 * device. One file, because the runtime is slow to start.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { compile } from '../../compiler/index.ts';
import { adapterPlaces } from '../../compiler/modules.ts';
import { testGpu } from '../../device/test-gpu.ts';
import { readGraph } from '../../onnx/read.ts';
import { hasShared, sharedPath } from '../../../test/shared.ts';
import { tinyDecoder } from '../../../test/tiny-decoder.ts';
import { createEngine } from '../cut-engine.ts';
import { int, model as graphOf, node, value } from './graphs.ts';
import type { Ort } from './ort.ts';
import { selfTest } from '../check/self-test.ts';
import { backendSuite } from './test-backend-suite.ts';
import { wasmBackend } from './test-backends.ts';
import { headAdapterSuite } from '../head/test-head-adapter-suite.ts';
import { lossSuite } from '../head/test-loss-suite.ts';
import { apart, batchOf, probesOf } from '../probe/test-probes.ts';
import {
  adamWStep,
  likeliest,
  randomAdapters,
  trainingBatch,
} from '../../../test/training-data.ts';
import { trainingSuite } from './test-training-suite.ts';
import { testTraining } from '../train/training-self-test.ts';
import { WebGpuBackend } from './webgpu-backend.ts';

const gpu = await testGpu();

describe.skipIf(!gpu)('WebGPU', { timeout: 240_000 }, async () => {
  const ort = (await import('onnxruntime-web/webgpu')) as unknown as Ort;
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  const backend = new WebGpuBackend(ort, defined(gpu));
  const bytes = tinyDecoder({ weights: 'q4' });
  const graph = await readGraph(bytes, { file: 'tiny' });
  const model = compile(graph);
  const engine = createEngine({ model, backend, memoryBudgetBytes: 1e9 });
  const batch = batchOf(model.vocab);
  afterAll(() => engine.dispose());

  backendSuite(backend);
  headAdapterSuite(backend);
  // Widened formats reach a provider as float32, which is included.
  lossSuite(backend, [64]);
  trainingSuite(backend, hasShared ? sharedPath('reference/smollm2') : null);

  it('agrees with WASM and with itself, and its memory stays constant', async () => {
    const cpu = createEngine({ model, backend: await wasmBackend(), memoryBudgetBytes: 1e9 });
    const here = await cpu.cleanPass(batch);
    const there = await engine.cleanPass(batch);
    expect(Math.abs(there.loss - here.loss)).toBeLessThan(1e-5);
    const probes = [
      ...probesOf(cpu, 0).slice(1, 3),
      ...probesOf(cpu, 0, { b: null, bias: true }).slice(0, 1),
    ];
    const got = await engine.disagreement(there, probes);
    expect(apart(got, await cpu.disagreement(here, probes))).toBeLessThan(1e-4);
    const bytes = engine.memory().device;
    for (let i = 0; i < 2; i++) expect(await engine.disagreement(there, probes)).toEqual(got);
    expect(engine.memory().device).toBe(bytes);
    there.dispose();
    await cpu.dispose();
  });

  it('generates what WASM generates, through adapters', async () => {
    const cpu = createEngine({ model, backend: await wasmBackend(), memoryBudgetBytes: 1e9 });
    const run = async (on: typeof cpu) => {
      const adapters = await on.adapters(randomAdapters(adapterPlaces(model), 2));
      const use = { adapters, scale: () => 2 };
      const ids = [];
      for await (const { id } of on.generate({
        prompt: Int32Array.of(5),
        tokens: 4,
        use,
        choose: likeliest,
      }))
        ids.push(id);
      adapters.dispose();
      return ids;
    };
    expect(await run(engine)).toEqual(await run(cpu));
    await cpu.dispose();
  });

  it('trains as WASM does, and its memory stays constant', async () => {
    const cpu = createEngine({ model, backend: await wasmBackend(), memoryBudgetBytes: 1e9 });
    const tokens = trainingBatch();
    const run = async (on: typeof cpu) => {
      const adapters = await on.adapters(randomAdapters(on.modules, 2));
      const use = { adapters, scale: () => 2 };
      const steps = [];
      let device = 0;
      for (let step = 1; step <= 4; step++) {
        steps.push(await on.trainStep(tokens, use, adamWStep({ step, maxNorm: 0.3 })));
        if (step === 2) device = on.memory().device;
      }
      expect(on.memory().device).toBe(device);
      const values = await adapters.values();
      adapters.dispose();
      return { steps, values };
    };
    const here = await run(cpu);
    const there = await run(engine);
    here.steps.forEach(({ loss, gradNorm }, i) => {
      expect(Math.abs(elementAt(there.steps, i).loss - loss)).toBeLessThan(1e-5);
      expect(Math.abs(elementAt(there.steps, i).gradNorm / gradNorm - 1)).toBeLessThan(1e-4);
    });
    here.values.forEach((v, i) =>
      v.loraA.forEach((x, k) =>
        expect(Math.abs(x - elementAt(there.values, i).loraA[k]!)).toBeLessThan(1e-3),
      ),
    );
    await cpu.dispose();
  });

  it('computes the gradient statistics of WASM', async () => {
    const cpu = createEngine({ model, backend: await wasmBackend(), memoryBudgetBytes: 1e9 });
    const all = async (on: typeof cpu) => {
      const pass = await on.cleanPass(batch);
      const norms = await on.jacobianNorms(pass, [{ seed: 1, draw: 0, position: 2 }]);
      pass.dispose();
      const { squaredNorm, fisher } = await on.gradientSums(batch);
      const { sum, squares } = await on.weightedGradientSums(batch);
      return [norms, squaredNorm, fisher, sum, squares];
    };
    const here = await all(cpu);
    const there = await all(engine);
    here.forEach((want, i) => expect(apart(elementAt(there, i), want)).toBeLessThan(1e-4));
    await cpu.dispose();
  });

  it('passes the self-test, also with the CPU in place of an export that cannot run', async () => {
    const tested = (exported: Uint8Array) => ({
      ort,
      model,
      export: { graph, bytes: exported, external: new Map() },
    });
    const whole = await selfTest(tested(bytes), engine, backend);
    expect(whole.checks.filter((c) => !c.ok)).toEqual([]);
    const alone = await selfTest(tested(new Uint8Array(8)), engine, backend);
    expect(alone.ok).toBe(true);
    expect(alone.checks.find((c) => c.name === 'provider')).toMatchObject({ ok: true });
    // One block, as for a large export.
    const part = await selfTest(tested(new Uint8Array(8)), engine, backend, [0]);
    expect(part.checks[0]).toMatchObject({
      name: 'pipeline',
      ok: true,
      note: expect.stringContaining('the first was compared'),
    });
  });

  it('passes the self-test of the training kernels', async () => {
    const checks = await testTraining(backend);
    expect(checks.map((c) => c.name)).toEqual(
      expect.arrayContaining(['adapter gradient', 'AdamW', 'cross entropy']),
    );
    expect(checks.filter((c) => !c.ok)).toEqual([]);
  });

  it('reads an int8 weight in place, without unused buffers', async () => {
    const dequantise = graphOf(
      [
        node({
          op: 'DequantizeLinear',
          inputs: ['w', 's', 'z'],
          output: 'y',
          attributes: { axis: int(1) },
        }),
      ],
      [value('w', 'int8', [2, 3]), value('s', 'float32', [3]), value('z', 'int8', [3])],
      [value('y', 'float32', [2, 3])],
    );
    const before = backend.memory().device;
    const w = backend.upload('int8', [2, 3], Uint8Array.of(1, 255, 127, 128, 0, 5));
    const z = backend.upload('int8', [3], Uint8Array.of(0, 255, 2));
    expect(backend.memory().device).toBe(before);
    const s = backend.upload('float32', [3], new Uint8Array(Float32Array.of(0.5, 2, 1).buffer));
    const session = await backend.session(dequantise, 'int8');
    expect([
      ...(await backend.read(
        defined(
          (
            await session.run(
              new Map([
                ['w', w],
                ['s', s],
                ['z', z],
              ]),
            )
          ).get('y'),
        ),
      )),
    ]).toEqual([0.5, 0, 125, -64, 2, 3]);
    await session.dispose();
    s.dispose();
  });

  it('returns no numbers after the device refused a command', async () => {
    const own = defined(await testGpu());
    const other = new WebGpuBackend(ort, own);
    const x = other.upload('float32', [1], new Uint8Array(4));
    expect([...(await other.read(x))]).toEqual([0]);
    // WebGPU silently drops a copy beyond a buffer's end, like an allocation beyond its memory.
    other.copy(other.upload('float32', [64], new Uint8Array(256)), x);
    await expect(other.read(x)).rejects.toMatchObject({
      code: 'runtime',
      values: { what: 'work on the GPU' },
    });
    await other.dispose();
  });

  it('reports a lost device, and other devices continue', async () => {
    const doomed = defined(await testGpu());
    const other = createEngine({
      model,
      backend: new WebGpuBackend(ort, doomed),
      memoryBudgetBytes: 1e9,
    });
    // Called at once: the run fails before the loss is reported.
    doomed.device.destroy();
    await expect(other.cleanPass(batch)).rejects.toMatchObject({ code: 'device-lost' });
    await other.dispose();
    expect((await engine.cleanPass(batch)).loss).toBeGreaterThan(0);
  });
});
