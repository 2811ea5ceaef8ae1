/** Compares gradients of real exports with PyTorch. */
import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { fixturePath } from '../../../test/fixtures.ts';
import { difference, readModel, type Tokens } from '../../../test/pipeline.ts';
import { openTensors, productGradient } from '../../../test/tensors.ts';
import { compile } from '../index.ts';
import {
  savedError,
  observedError,
  slopeError,
  step,
  weightGradient,
} from '../../../test/gradient-step.ts';

// Starting the runtime takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const files: string[] = JSON.parse(
  readFileSync(fixturePath('exports', 'manifest.json'), 'utf8'),
).files.map((f: { file: string }) => f.file);

const largest = (data: ArrayLike<number>): number => Math.max(...Array.from(data, Math.abs));

describe('gradients match those of PyTorch', () => {
  test.each([
    ['llama/onnx/model.onnx', 'llama', 1e-5],
    ['llama/onnx/model_q4.onnx', 'llama_q4', 1e-5],
    ['gpt2/onnx/model.onnx', 'gpt2', 1e-5],
    ['qwen2/onnx/model.onnx', 'qwen2', 1e-5],
    ['qwen3/onnx/model_q4.onnx', 'qwen3_q4', 1e-5],
    ['llama-genai-fp16/model.onnx', 'llama', 1e-2],
  ] as const)('%s', async (file, name, tolerance) => {
    const reference = openTensors(fixturePath('references', `${name}.safetensors`));
    const ids = reference('a.input_ids');
    const tokens: Tokens = { ids: ids.data as number[], batch: ids.dims[0]!, length: ids.dims[1]! };
    const model = compile(await readModel(fixturePath('exports', file)));
    const done = await step(model, tokens);
    const error = (own: ArrayLike<number>, right: ArrayLike<number>): number =>
      difference(right, own) / largest(right);
    const errors = {
      loss: Math.abs(done.loss - reference('a.loss').data[0]!),
      resid: Math.max(
        ...done.gradients.map((g, i) => error(g.data, reference(`a.grad_resid.${i}`).data)),
      ),
      weight: Math.max(
        ...model.modules.map((m) =>
          error(
            weightGradient(model, done, m.index),
            productGradient(reference(`a.x.${m.path}`), reference(`a.dy.${m.path}`)).data,
          ),
        ),
      ),
    };
    expect(errors.loss).toBeLessThan(tolerance);
    expect(errors.resid).toBeLessThan(tolerance);
    expect(errors.weight).toBeLessThan(tolerance);
  });
});

describe('gradients match central differences', () => {
  test.each(files)('%s', async (file) => {
    const model = compile(await readModel(fixturePath('exports', file)));
    // The first layer of each structure.
    for (const layer of model.blocks
      .map((b) => b.structure)
      .flatMap((s, i, all) => (all.indexOf(s) === i ? [i] : []))) {
      const errors = [
        await slopeError({ model, layer, batch: 2, length: 5 }),
        await slopeError({ model, layer, batch: 2, length: 5, adapted: true }),
      ];
      for (const error of errors) expect(error).toBeLessThan(1e-3);
      expect(await savedError(model, layer, 2, 5)).toBeLessThan(2e-5);
      expect(await observedError(model, layer, 2, 5)).toBeLessThan(1e-5);
    }
  });
});
