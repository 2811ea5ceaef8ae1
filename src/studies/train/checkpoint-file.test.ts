/** A checkpoint file returns what was written, and only to the experiment that saved it. */
import { describe, expect, it } from 'vitest';
import { randomAdapters } from '../../../test/training-data.ts';
import { tinyDecoderGraph } from '../../../test/tiny-decoder.ts';
import { compile } from '../../compiler/index.ts';
import { writeSafetensors } from '../../model/safetensors.ts';
import { readCheckpoint, writeCheckpoint } from './checkpoint-file.ts';
import type { TrainCheckpoint } from './run.ts';
import type { TrainingCheckpoint } from './training.ts';
import { parseSpec } from '../../experiment/schema.ts';

const { modules } = compile(tinyDecoderGraph());
const spec = parseSpec({});
const about = { spec, hash: 'ab', modules };
const values = randomAdapters(modules, (m) => m.index % 3);
const unfinished: TrainingCheckpoint = {
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
const told = (loss: number): TrainingCheckpoint['told'] =>
  Array.from({ length: spec.training.steps }, (_, i) => ({
    type: 'step',
    step: i + 1,
    loss,
    gradNorm: 1,
    learningRate: 2e-3,
    milliseconds: 1,
  }));
/** A finished training run and the separate LoRA. */
const checkpoint: TrainCheckpoint = {
  ranks: modules.map((m) => m.index % 3),
  trainings: [{ step: spec.training.steps, values, moments: [], told: told(3) }, unfinished],
};

describe('the file of a checkpoint', () => {
  it('restores everything bit by bit', () => {
    expect(readCheckpoint(writeCheckpoint(checkpoint, about), 'a')(about)).toEqual(checkpoint);
  });

  it.each([
    [
      'another setting',
      { ...about, spec: parseSpec({ training: { steps: 61 } }) },
      'another experiment: training',
    ],
    ['another model', { ...about, hash: 'cd' }, 'another model file'],
    [
      'a model of other sizes',
      { ...about, modules: modules.map((m) => ({ ...m, inFeatures: m.inFeatures + 1 })) },
      'has another size',
    ],
  ])('is refused for %s', (_, now, why) => {
    expect(() => readCheckpoint(writeCheckpoint(checkpoint, about), 'a')(now)).toThrow(
      expect.objectContaining({ code: 'bad-checkpoint', message: expect.stringContaining(why) }),
    );
  });

  it('of an earlier version is refused with an error', () => {
    const earlier = writeSafetensors(
      { x: { shape: [1], data: new Float32Array(1) } },
      { format: 'rank-atlas-checkpoint 1' },
    );
    expect(() => readCheckpoint(earlier, 'a')(about)).toThrow(
      "Can't resume from a (an earlier version of Rank Atlas wrote it).",
    );
  });

  it('ignores settings that the training run does not use', () => {
    const other = { ...about, spec: parseSpec({ race: { seeds: 2 }, sequences: 3 }) };
    expect(readCheckpoint(writeCheckpoint(checkpoint, about), 'a')(other)).toEqual(checkpoint);
  });

  it('is refused when it is another file, or damaged', () => {
    expect(() =>
      readCheckpoint(
        writeSafetensors({ x: { shape: [1], data: new Float32Array(1) } }),
        'a',
      )(about),
    ).toThrow(expect.objectContaining({ code: 'bad-checkpoint' }));
    const bytes = writeCheckpoint(checkpoint, about);
    const halfStep = { ...unfinished, told: [{ type: 'evaluation' as const, step: 0.5, loss: 1 }] };
    const half = writeCheckpoint({ ...checkpoint, trainings: [halfStep] }, about);
    expect(() => readCheckpoint(bytes.subarray(0, bytes.length - 4), 'a')(about)).toThrow(
      expect.objectContaining({ code: 'bad-safetensors' }),
    );
    expect(() => readCheckpoint(half, 'a')(about)).toThrow(
      expect.objectContaining({
        code: 'bad-checkpoint',
        message: expect.stringContaining('told.0.0.step'),
      }),
    );
    const deep = writeSafetensors(
      { x: { shape: [1], data: new Float32Array(1) } },
      {
        format: 'rank-atlas-checkpoint 2',
        model: 'ab',
        settings: `{"seed":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
      },
    );
    expect(() => readCheckpoint(deep, 'a')(about)).toThrow(
      expect.objectContaining({ code: 'bad-checkpoint' }),
    );
    expect(() =>
      readCheckpoint(
        writeCheckpoint({ ...checkpoint, trainings: [{ ...unfinished, moments: [] }] }, about),
        'a',
      )(about),
    ).toThrow(expect.objectContaining({ code: 'bad-checkpoint' }));
  });
});
