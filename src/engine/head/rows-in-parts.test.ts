/**
 * If the logits of all rows exceed the largest tensor, rows run in parts, with the same results.
 */
import { afterAll, expect, test, vi } from 'vitest';
import { elementAt } from '../../checked.ts';
import { difference } from '../../../test/pipeline.ts';
import { cappedDecoderGraph, tinyDecoder } from '../../../test/tiny-decoder.ts';
import type { CompiledModel } from '../../compiler/compiled.ts';
import { compile } from '../../compiler/index.ts';
import { CLEAN } from '../../device/twins.ts';
import { readGraph } from '../../onnx/read.ts';
import { writeGraph } from '../../onnx/write.ts';
import type { Backend } from '../backends/backend.ts';
import { CrossEntropy } from './cross-entropy.ts';
import { createHead } from './head.ts';
import { LogitSigns } from '../gradients/logit-signs.ts';
import { rowParts } from '../memory.ts';
import { shapeOf } from '../pieces/network.ts';
import { Pieces } from '../pieces/pieces.ts';
import { cpuBackend } from '../backends/test-backends.ts';
import { batchOf } from '../probe/test-probes.ts';
import { VocabularyChunks } from './vocabulary-chunks.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

test('parts cover each row once, within the largest tensor', () => {
  expect(rowParts(10, 8, 1e9)).toEqual([[0, 10]]);
  expect(rowParts(10, 8, 4 * 8 * 4)).toEqual([
    [0, 4],
    [4, 4],
    [8, 2],
  ]);
  // At least one row, whatever the limit.
  expect(rowParts(2, 8, 1)).toEqual([
    [0, 1],
    [1, 1],
  ]);
  // 8 × 128 tokens, seven pairs, a chunk of 8192 tokens, 128 MiB (the minimum of WebGPU): the whole
  // would be 224 MiB.
  const parts = rowParts(7 * 8 * 128, 8192, 128 << 20);
  expect(parts.map(([, rows]) => rows)).toEqual([3584, 3584]);
});

const backend = await cpuBackend(1);
afterAll(() => backend.dispose());

/**
 * The provider with a limit on tensor bytes, and with logits returned by the graph, as on WebGPU.
 */
const within = (largestTensor: number): Backend =>
  Object.create(backend, {
    largestTensor: { value: largestTensor },
    fusedHead: { value: false },
  }) as Backend;

/** The uses of a model's head: logits, distances, a loss and its gradient, a random projection. */
async function numbers(model: CompiledModel, own: Backend): Promise<ArrayLike<number>[]> {
  const batch = batchOf(model.vocab, 2, 5);
  const shape = shapeOf(batch);
  const pieces = new Pieces(model, own);
  const chunks = new VocabularyChunks(own, model.head);
  const head = createHead(model, own, pieces, chunks);
  const out: ArrayLike<number>[] = [];
  const wave = (entries: number, phase: number) => {
    const x = Float32Array.from({ length: entries * 10 * model.hidden }, (_, i) =>
      Math.sin(phase + 1.7 * i),
    );
    return own.upload('float32', [entries * 2, 5, model.hidden], new Uint8Array(x.buffer));
  };
  const x = wave(1, 1);
  const others = wave(3, 2);
  const prepared = await head.prepare(shape, x);
  const rows = [8, 0, 3];
  for (const only of [undefined, rows]) {
    const logits = new Float32Array((only?.length ?? 10) * model.vocab);
    await head.logits(
      prepared,
      (first, width, part) => {
        for (let r = 0; r < part.length / width; r++)
          logits.set(part.subarray(r * width, (r + 1) * width), r * model.vocab + first);
      },
      only,
    );
    out.push(logits);
  }
  out.push(await head.distances(prepared, others, Uint32Array.of(0, 1, 2, CLEAN)));
  if (!model.head.nonlinearAfter) {
    const loss = new CrossEntropy(own, chunks);
    const h = own.view(prepared, 'float32', [10, model.hidden]);
    const labels = batch.ids.map((id, i) => (i === 4 ? -100 : id));
    const { pass, dh } = await loss.forwardAndGradient(h, labels, new Float32Array(10).fill(0.1));
    out.push(await loss.losses(pass), await own.read(dh));
    const signs = new LogitSigns(own, chunks);
    const u = await signs.gradient(batch, [
      { seed: 1, draw: 0 },
      { seed: 1, draw: 1, position: 2 },
    ]);
    out.push(await own.read(u));
    loss.release(pass);
    for (const used of [dh, u]) used.dispose();
    for (const used of [loss, signs]) await used.dispose();
  }
  for (const used of [x, others, prepared]) used.dispose();
  await head.dispose();
  await pieces.dispose();
  chunks.dispose();
  return out;
}

test.each([
  ['a plain head', tinyDecoder({ weights: 'q4' })],
  ['soft-capped logits', writeGraph(cappedDecoderGraph())],
] as const)('rows in parts give the numbers of one pass: %s', async (_, bytes) => {
  const model = compile(await readGraph(bytes, { file: 'tiny' }));
  const want = await numbers(model, within(1e9));
  // The logits of seven rows fit, then those of three. A sequence has five.
  for (const rows of [7, 3]) {
    const got = await numbers(model, within(4 * model.vocab * rows));
    expect(got.length).toBe(want.length);
    want.forEach((w, i) =>
      expect(difference(elementAt(got, i), w)).toBeLessThan(
        1e-6 * Math.max(...Array.from(w, Math.abs)),
      ),
    );
  }
});
