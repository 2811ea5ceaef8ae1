/**
 * A vocabulary projection of half floats stays half on the CPU: half the bytes, and the same
 * numbers as with float32 rows.
 */
import * as ort from 'onnxruntime-web';
import { describe, expect, test, vi } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { genaiDecoderGraph, tinyGenai } from '../../../test/genai-decoder.ts';
import { trainingBatch } from '../../../test/training-data.ts';
import { compile } from '../../compiler/index.ts';
import { createEngine, type CutEngine } from '../cut-engine.ts';
import type { Ort } from '../backends/ort.ts';
import { probesOf } from '../probe/test-probes.ts';
import { VocabularyChunks } from './vocabulary-chunks.ts';
import { CpuBackend } from '../backends/cpu-backend.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const runtime = ort as unknown as Ort;

/** The same backend without support for half floats. */
class Widening extends CpuBackend {
  override readonly halves = false;
}

/** Everything that uses the vocabulary projection, each through its own graph. */
async function numbers(engine: CutEngine): Promise<unknown[]> {
  try {
    const batch = trainingBatch();
    const pass = await engine.cleanPass(batch);
    const head: Float32Array[] = [];
    const loss = await engine.gradients(batch, {
      residual: (_, dx) => {
        head.push(dx);
      },
    });
    const probes = probesOf(engine, 0);
    return [
      pass.loss,
      await engine.logits(batch),
      loss,
      head,
      await engine.disagreement(pass, probes),
      await engine.disagreement(pass, probes, { size: 20, seed: 3 }),
      await engine.jacobianNorms(pass, [{ seed: 1, draw: 0 }]),
    ];
  } finally {
    await engine.dispose();
  }
}

describe.each([
  ['tied', 'tied'],
  ['of its own, [hidden, vocab]', 'float'],
] as const)('a head %s', (_, head) => {
  const model = compile(genaiDecoderGraph({ ...tinyGenai, layers: 2, type: 'float16', head }));

  test('gives the same numbers', async () => {
    const engines = [new CpuBackend(runtime), new Widening(runtime)].map((backend) =>
      createEngine({ model, backend, memoryBudgetBytes: 1e9 }),
    ) as [CutEngine, CutEngine];
    expect(await numbers(engines[0])).toEqual(await numbers(engines[1]));
  });

  test('takes two bytes per number, and is no copy if tied', () => {
    const uploaded: Uint8Array[] = [];
    const backend = new CpuBackend(runtime);
    const upload = backend.upload.bind(backend);
    backend.upload = (type, dims, bytes) => {
      uploaded.push(bytes);
      return upload(type, dims, bytes);
    };
    new VocabularyChunks(backend, model.head, 16).all();
    expect(uploaded.map((b) => b.byteLength)).toEqual(Array(3).fill(2 * 16 * model.hidden));
    expect(
      uploaded.every((b) => b.buffer === defined(elementAt(model.head.tensors, 0).half).buffer),
    ).toBe(head === 'tied');
  });
});
