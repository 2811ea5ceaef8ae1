/**
 * The heap is the runtime's: it exists after a session is created, and grows with a large tensor.
 */
import * as ort from 'onnxruntime-web';
import { expect, test } from 'vitest';
import { gemm } from './test-graphs.ts';
import { heapBytes, watchHeap } from './wasm-heap.ts';

test('the runtime’s heap is found, and grows with the model', async () => {
  watchHeap();
  watchHeap();
  expect(heapBytes()).toBe(0);
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(gemm());
  const small = heapBytes();
  expect(small).toBeGreaterThanOrEqual(256 * 65536);
  const floats = 24e6;
  await session.run({
    x: new ort.Tensor('float32', new Float32Array(floats), [floats, 1]),
    n: new ort.Tensor('float32', new Float32Array(1), [1, 1]),
  });
  expect(heapBytes() - small).toBeGreaterThan(4 * floats);
  await session.release();
});
