/**
 * Compares backward pieces of every weight format on WebGPU with the CPU; no operator may fall
 * back. A software adapter compiles the shaders for minutes.
 */
import { describe, expect, test } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { randomAdapters } from '../../../test/gradient-step.ts';
import { difference, readModel, runPiece, type Result } from '../../../test/pipeline.ts';
import { fixturePath } from '../../../test/fixtures.ts';
import { fillNormal, streamKeys } from '../../device/random.ts';
import { testGpu } from '../../device/test-gpu.ts';
import { WebGpuBackend } from '../../engine/backends/webgpu-backend.ts';
import type { Ort } from '../../engine/backends/ort.ts';
import type { Piece } from '../compiled.ts';
import { compile } from '../index.ts';

const gpu = await testGpu();
const bytesOf = (x: Float32Array) => new Uint8Array(x.buffer, x.byteOffset, x.byteLength);

describe.skipIf(!gpu)('backward pieces give the same gradients on WebGPU as on WASM', async () => {
  const ort = (await import('onnxruntime-web/webgpu')) as unknown as Ort;
  ort.env.wasm.numThreads = 1;
  const backend = new WebGpuBackend(ort, defined(gpu));
  const random = (stream: number, dims: number[]): Result => ({
    dims,
    data: fillNormal(
      streamKeys(1, stream, 0),
      new Float32Array(dims.reduce((a, b) => a * b)),
      0,
      1,
    ),
  });

  /** Largest error of any output, relative to the output's largest absolute value. */
  async function error(piece: Piece, activations: Result[]): Promise<number> {
    const right = await runPiece(piece, activations);
    const session = await backend.session(piece.model, 'a backward piece');
    const feeds = new Map([
      ...piece.inputs.map(
        (name, i) =>
          [
            name,
            backend.upload(
              'float32',
              elementAt(activations, i).dims,
              bytesOf(elementAt(activations, i).data),
            ),
          ] as const,
      ),
      ...[...piece.weights].map(
        ([name, w]) => [name, backend.upload(w.type, w.dims, w.bytes)] as const,
      ),
    ]);
    const outputs = await session.run(feeds);
    const errors: number[] = [];
    for (const name of piece.outputs)
      errors.push(
        difference(defined(right[name]).data, await backend.read(defined(outputs.get(name)))) /
          Math.max(...defined(right[name]).data.map(Math.abs)),
      );
    for (const tensor of [...feeds.values(), ...outputs.values()]) tensor.dispose();
    await session.dispose();
    return Math.max(...errors);
  }

  test.each([
    'llama/onnx/model.onnx',
    'llama/onnx/model_q4.onnx',
    'llama/onnx/model_q4_zp.onnx',
    'llama/onnx/model_bnb4.onnx',
    'llama/onnx/model_quantized.onnx',
    'llama-genai-int4-webgpu/model.onnx',
    'qwen2-genai-kquant-mixed/model.onnx',
    'gpt2/onnx/model.onnx',
    'qwen3-genai-int4-webgpu/model.onnx',
  ])('%s', async (file) => {
    const model = compile(await readModel(fixturePath('exports', file)));
    const dims = [2, 5, model.hidden];
    const flow = [random(1, dims), random(2, dims)];
    for (const layer of model.blocks
      .map((b) => b.structure)
      .flatMap((s, i, all) => (all.indexOf(s) === i ? [i] : []))) {
      const names = (await model.block(layer, 2, 5, 'adapted')).inputs.slice(1);
      const adapters = randomAdapters(model, layer);
      const values = new Map([
        ['x', elementAt(flow, 0)],
        ['dy', elementAt(flow, 1)],
        ...names.map((name, i) => [name, elementAt(adapters, i)] as const),
      ]);
      // A piece has only the inputs that it reads.
      const given = (piece: Piece) => piece.inputs.map((name) => defined(values.get(name)));
      for (const variant of ['adaptedBackward', 'saved', 'savedBackward'] as const) {
        const piece = await model.block(layer, 2, 5, variant);
        if (variant === 'saved')
          for (const [name, value] of Object.entries(await runPiece(piece, given(piece))))
            if (name !== 'y') values.set(name, value);
        expect(await error(piece, given(piece)), variant).toBeLessThan(1e-5);
      }
    }
    expect(await error(await model.headPiece(2, 5, 'normBackward'), flow)).toBeLessThan(1e-5);
  });
});
