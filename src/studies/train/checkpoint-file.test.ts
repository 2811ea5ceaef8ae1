/** A checkpoint's file gives back what was written, and only to the experiment it was made by. */
import { describe, expect, it } from 'vitest';
import { randomAdapters } from '../../../test/training-data.ts';
import { tinyDecoderGraph } from '../../../test/tiny-decoder.ts';
import { compile } from '../../compiler/index.ts';
import { writeSafetensors } from '../../model/safetensors.ts';
import { readCheckpoint, writeCheckpoint } from './checkpoint-file.ts';
import type { TrainingCheckpoint } from './run.ts';
import { parseTraining } from './settings.ts';

const { modules } = compile(tinyDecoderGraph());
const spec = parseTraining({});
const about = { spec, hash: 'ab', modules };
const values = randomAdapters(modules, (m) => m.index % 3);
const checkpoint: TrainingCheckpoint = {
  step: 1,
  values,
  moments: values.map(({ loraA, loraB }) => ({
    firstA: loraA.map((x) => x / 3),
    secondA: loraA.map((x) => x * x),
    firstB: loraB.map((x) => -x),
    secondB: loraB.map((x) => x * 1e-30),
  })),
  told: [
    { type: 'evaluation', step: 0, loss: 4.1 },
    { type: 'step', step: 1, loss: 1 / 3, gradNorm: 0.1, learningRate: 2e-3, milliseconds: 12.5 },
  ],
};

describe('the file of a checkpoint', () => {
  it('gives everything back to the bit', () => {
    expect(readCheckpoint(writeCheckpoint(checkpoint, about), 'a', about)).toEqual(checkpoint);
  });

  it.each([
    [
      'another setting',
      { ...about, spec: parseTraining({ training: { steps: 61 } }) },
      'another experiment (training)',
    ],
    ['another model', { ...about, hash: 'cd' }, 'another model file'],
    [
      'a model of other sizes',
      { ...about, modules: modules.map((m) => ({ ...m, inFeatures: m.inFeatures + 1 })) },
      'of another size',
    ],
  ])('is refused for %s', (_, now, why) => {
    expect(() => readCheckpoint(writeCheckpoint(checkpoint, about), 'a', now)).toThrow(
      expect.objectContaining({ code: 'bad-checkpoint', message: expect.stringContaining(why) }),
    );
  });

  it('is refused when it is another file, or damaged', () => {
    expect(() =>
      readCheckpoint(
        writeSafetensors({ x: { shape: [1], data: new Float32Array(1) } }),
        'a',
        about,
      ),
    ).toThrow(expect.objectContaining({ code: 'bad-checkpoint' }));
    const bytes = writeCheckpoint(checkpoint, about);
    const told = writeCheckpoint(
      { ...checkpoint, told: [{ type: 'evaluation', step: 0.5, loss: 1 }] },
      about,
    );
    expect(() => readCheckpoint(bytes.subarray(0, bytes.length - 4), 'a', about)).toThrow(
      expect.objectContaining({ code: 'bad-safetensors' }),
    );
    expect(() => readCheckpoint(told, 'a', about)).toThrow(
      expect.objectContaining({
        code: 'bad-checkpoint',
        message: expect.stringContaining('0.step'),
      }),
    );
    const deep = writeSafetensors(
      { x: { shape: [1], data: new Float32Array(1) } },
      {
        format: 'rank-atlas-checkpoint 1',
        model: 'ab',
        spec: `{"seed":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
      },
    );
    expect(() => readCheckpoint(deep, 'a', about)).toThrow(
      expect.objectContaining({ code: 'bad-checkpoint' }),
    );
    expect(() =>
      readCheckpoint(writeCheckpoint({ ...checkpoint, moments: [] }, about), 'a', about),
    ).toThrow(expect.objectContaining({ code: 'bad-checkpoint' }));
  });
});
