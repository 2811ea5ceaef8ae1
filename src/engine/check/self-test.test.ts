/**
 * The self-test passes on a correct provider and fails on each injected error. Also tests the
 * choice of the provider.
 */
import { describe, expect, it } from 'vitest';
import { elementAt } from '../../checked.ts';
import { compile } from '../../compiler/index.ts';
import { readGraph } from '../../onnx/read.ts';
import type { Graph, Tensor } from '../../onnx/graph.ts';
import { writeGraph } from '../../onnx/write.ts';
import { tinyDecoder, tinyDecoderGraph } from '../../../test/tiny-decoder.ts';
import type { Backend } from '../backends/backend.ts';
import { createEngine } from '../cut-engine.ts';
import type { Ort } from '../backends/ort.ts';
import { chooseProvider } from '../backends/provider.ts';
import { difference } from '../backends/kernel-checks.ts';
import { selfTest, type SelfTestReport } from './self-test.ts';
import { wasmBackend } from '../backends/test-backends.ts';
import type { TrainingOps } from '../backends/training-ops.ts';
import { testTraining } from '../train/training-self-test.ts';

const NAMES = ['pipeline', 'noise product', 'pair difference', 'disagreement', 'LoRA delta'];

function withInput(name: string, type: Tensor['type']): Graph {
  const graph = tinyDecoderGraph();
  return { ...graph, inputs: graph.inputs.map((i) => (i.name === name ? { ...i, type } : i)) };
}

async function report(
  backend: Backend,
  bytes = tinyDecoder({ weights: 'q4' }),
  spoil: (bytes: Uint8Array) => Uint8Array = (b) => b,
  layers: number[] | null = null,
): Promise<SelfTestReport> {
  const graph = await readGraph(bytes, { file: 'tiny' });
  const model = compile(graph);
  const ort = (await import('onnxruntime-web')) as unknown as Ort;
  const engine = createEngine({ model, backend, memoryBudgetBytes: 1e9 });
  try {
    return await selfTest(
      { ort, model, export: { graph, bytes: spoil(bytes), external: new Map() } },
      engine,
      backend,
      layers,
    );
  } finally {
    await engine.dispose();
  }
}

it('treats zeros as equal to zeros only', () => {
  expect(difference([0, 0], [0, 0])).toBe(0);
  expect(difference([0, 1e-9], [0, 0])).toBe(Infinity);
  expect(difference([0, NaN], [0, 0])).toBe(Infinity);
});

describe('selfTest', () => {
  it('passes on WASM', async () => {
    const { ok, checks } = await report(await wasmBackend());
    expect(checks.map((c) => c.name)).toEqual(NAMES);
    expect(checks.filter((c) => !c.ok)).toEqual([]);
    expect(ok).toBe(true);
  });

  it('fails if the provider multiplies wrongly, and names the kernel', async () => {
    const backend = await wasmBackend();
    const right = backend.noiseProduct.bind(backend);
    backend.noiseProduct = (x, y, target, slots) =>
      right(
        x,
        y,
        target,
        slots.map((s) => ({ ...s, std: s.std * 1.001 })),
      );
    const { ok, checks } = await report(backend);
    expect(ok).toBe(false);
    expect(checks.filter((c) => !c.ok).map((c) => c.name)).toEqual(['noise product']);
  });

  it.each(['int32', 'float32'] as const)(
    'feeds the original export with positions of its declared type: %s',
    async (type) => {
      const { ok } = await report(await wasmBackend(), writeGraph(withInput('position_ids', type)));
      expect(ok).toBe(true);
    },
  );

  it('reports an original export whose positions are int8', async () => {
    const { checks } = await report(
      await wasmBackend(),
      writeGraph(withInput('position_ids', 'int8')),
    );
    expect(elementAt(checks, 0).note).toContain('its input "position_ids" is int8');
  });

  it('fails if export and pieces are of different models', async () => {
    const { ok, checks } = await report(await wasmBackend(), undefined, () =>
      tinyDecoder({ weights: 'q4', seed: 2 }),
    );
    expect(ok).toBe(false);
    expect(checks.filter((c) => !c.ok).map((c) => c.name)).toEqual(['pipeline']);
  });

  it('compares the first layer of a large export, independent of the rest of the file', async () => {
    const { ok, checks } = await report(
      await wasmBackend(),
      undefined,
      () => new Uint8Array(8),
      [0],
    );
    expect(checks.map((c) => c.name)).toEqual(NAMES);
    expect(checks.filter((c) => !c.ok)).toEqual([]);
    expect(elementAt(checks, 0).note).toContain('of its 2 blocks the first was compared');
    expect(ok).toBe(true);
  });

  it('fails if a provider computes layer 0 of a large export wrongly', async () => {
    const backend = await wasmBackend();
    const session = backend.session.bind(backend);
    backend.session = async (model, what) => {
      const made = await session(model, what);
      if (!what.includes('block 0')) return made;
      return {
        ...made,
        run: async (feeds) =>
          new Map(
            await Promise.all(
              [...(await made.run(feeds))].map(async ([name, y]) => {
                const values = await backend.read(y);
                // Unequal factors: the final norm would cancel one common factor.
                return [
                  name,
                  backend.upload(
                    'float32',
                    y.dims,
                    new Uint8Array(values.map((v, i) => (i % 2 ? v * 1.01 : v)).buffer),
                  ),
                ] as const;
              }),
            ),
          ),
      };
    };
    const { ok, checks } = await report(backend, undefined, undefined, [0]);
    expect(ok).toBe(false);
    expect(checks.filter((c) => !c.ok).map((c) => c.name)).toEqual(['pipeline']);
  });

  it('reports that an export which the CPU cannot run was not compared, without failing', async () => {
    const { ok, checks } = await report(await wasmBackend(), undefined, () => new Uint8Array(8));
    expect(ok).toBe(true);
    expect(checks[0]).toMatchObject({
      name: 'pipeline',
      ok: false,
      error: NaN,
      note: expect.stringContaining('no comparison is possible'),
    });
  });
});

describe('testTraining', () => {
  const KERNELS = [
    'adapter gradient',
    'AdamW',
    'cross entropy',
    'gradient norm',
    'Fisher sum',
    'singular gradient',
  ];

  it('passes on WASM', async () => {
    const checks = await testTraining(await wasmBackend());
    expect(checks.map((c) => c.name)).toEqual(KERNELS);
    expect(checks.filter((c) => !c.ok)).toEqual([]);
  });

  it.each<[string, (ops: TrainingOps, backend: Backend) => void]>([
    [
      'adapter gradient',
      (ops) => {
        const right = ops.adapterGradients.bind(ops);
        ops.adapterGradients = (modules) =>
          right(modules.map((m) => ({ ...m, scale: m.scale * 1.001 })));
      },
    ],
    [
      'AdamW',
      (ops) => {
        const right = ops.adamW.bind(ops);
        ops.adamW = (p, n, step) => right(p, n, { ...step, step: step.step + 1 });
      },
    ],
    [
      'AdamW',
      (ops) => {
        ops.squaredNorm = async () => undefined;
      },
    ],
    [
      'cross entropy',
      (_, backend) => {
        const right = backend.session.bind(backend);
        backend.session = async (model, what) => {
          const session = await right(model, what);
          return {
            ...session,
            run: async (feeds) => {
              const out = await session.run(feeds);
              const s = out.get('s2');
              if (s)
                backend.write(
                  s,
                  (await backend.read(s)).map((v) => v * 1.001),
                );
              return out;
            },
          };
        };
      },
    ],
    [
      'gradient norm',
      (ops) => {
        const right = ops.gradientNorms.bind(ops);
        ops.gradientNorms = (taps, n, into) => right(taps, n, into, 1).catch(() => undefined);
      },
    ],
    [
      'Fisher sum',
      (ops) => {
        const right = ops.fisherSums.bind(ops);
        ops.fisherSums = (taps, n, into, at) =>
          right({ ...taps, column: taps.column + 1 }, n, into, at);
      },
    ],
    [
      'singular gradient',
      (ops) => {
        const right = ops.singularGradients.bind(ops);
        ops.singularGradients = (taps, directions, target) =>
          right({ ...taps, column: 0 }, directions, target);
      },
    ],
  ])('names %s if its result is wrong', async (name, spoil) => {
    const backend = await wasmBackend();
    spoil(await backend.training(), backend);
    expect((await testTraining(backend)).filter((c) => !c.ok).map((c) => c.name)).toEqual([name]);
  });
});

describe('chooseProvider', () => {
  it('chooses a real GPU, otherwise the CPU, unless the user chooses', () => {
    expect(chooseProvider('auto', { software: false })).toBe('webgpu');
    expect(chooseProvider('auto', { software: true })).toBe('wasm');
    expect(chooseProvider('auto', null)).toBe('wasm');
    expect(chooseProvider('webgpu', { software: true })).toBe('webgpu');
    expect(chooseProvider('wasm', { software: false })).toBe('wasm');
  });
});
