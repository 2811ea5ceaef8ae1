/** The self-test passes where all is well and fails where something is not; the provider rule. */
import { describe, expect, it } from 'vitest';
import { compile } from '../compiler/index.ts';
import { readGraph } from '../onnx/read.ts';
import { tinyDecoder } from '../../test/tiny-decoder.ts';
import type { Backend } from './backend.ts';
import { createEngine } from './cut-engine.ts';
import type { Ort } from './ort.ts';
import { chooseProvider } from './provider.ts';
import { selfTest, type SelfTestReport } from './self-test.ts';
import { wasmBackend } from './test-backends.ts';

const NAMES = ['pipeline', 'noise product', 'pair difference', 'disagreement', 'LoRA delta'];

async function report(backend: Backend, spoil: (bytes: Uint8Array) => Uint8Array = (b) => b): Promise<SelfTestReport> {
  const bytes = tinyDecoder({ weights: 'q4' }), graph = await readGraph(bytes, { file: 'tiny' }), model = compile(graph);
  const ort = (await import('onnxruntime-web')) as unknown as Ort;
  const engine = createEngine({ model, backend, memoryBudgetBytes: 1e9 });
  try {
    return await selfTest({ ort, model, export: { graph, bytes: spoil(bytes), external: new Map() } }, engine, backend);
  } finally {
    await engine.dispose();
  }
}

describe('selfTest', () => {
  it('passes on WASM', async () => {
    const { ok, checks } = await report(await wasmBackend());
    expect(checks.map((c) => c.name)).toEqual(NAMES);
    expect(checks.filter((c) => !c.ok)).toEqual([]);
    expect(ok).toBe(true);
  });

  it('fails when the provider multiplies wrongly, and names the kernel', async () => {
    const backend = await wasmBackend(), right = backend.noiseProduct.bind(backend);
    backend.noiseProduct = (x, y, target, slots) => right(x, y, target, slots.map((s) => ({ ...s, std: s.std * 1.001 })));
    const { ok, checks } = await report(backend);
    expect(ok).toBe(false);
    expect(checks.filter((c) => !c.ok).map((c) => c.name)).toEqual(['noise product']);
  });

  it('fails when the export is another model than the pieces', async () => {
    const { ok, checks } = await report(await wasmBackend(), () => tinyDecoder({ weights: 'q4', seed: 2 }));
    expect(ok).toBe(false);
    expect(checks.filter((c) => !c.ok).map((c) => c.name)).toEqual(['pipeline']);
  });

  it('says that an export which the CPU cannot run was not compared, and does not call it a failure', async () => {
    const { ok, checks } = await report(await wasmBackend(), () => new Uint8Array(8));
    expect(ok).toBe(true);
    expect(checks[0]).toMatchObject({ name: 'pipeline', ok: false, error: NaN, note: expect.stringContaining('nothing to compare with') });
  });
});

describe('chooseProvider', () => {
  it('takes a real GPU, else the CPU, and what the user says', () => {
    expect(chooseProvider('auto', { software: false })).toBe('webgpu');
    expect(chooseProvider('auto', { software: true })).toBe('wasm');
    expect(chooseProvider('auto', null)).toBe('wasm');
    expect(chooseProvider('webgpu', { software: true })).toBe('webgpu');
    expect(chooseProvider('wasm', { software: false })).toBe('wasm');
  });
});
