/**
 * Tests the output of a compression run: the loss on plain text next to the task's, and what each
 * correlation covers.
 */
import { expect, it } from 'vitest';
import type { CompressResult, Trial } from '../src/studies/compress/state.ts';
import { parseSpec } from '../src/experiment/schema.ts';
import { compressText } from '../src/studies/compress/report.ts';

const figures = { accuracy: 0.84, loss: 4.71 };
const trial = (i: number, accepted: boolean): Trial => ({
  module: i,
  path: `layers.${i}`,
  blocks: 1,
  rho: 0.5,
  keep: [1],
  dropped: 3,
  firstOrder: 0,
  predicted: -i,
  measured: i % 3,
  figures,
  accepted,
  milliseconds: 1,
});
const result: CompressResult = {
  format: 'rank-atlas-compress',
  version: 1,
  spec: parseSpec({ study: 'compress' }),
  model: { id: 'bundled:made-up', title: '', hash: '' },
  provider: { kind: 'wasm', device: '', threads: 1, software: false },
  versions: { rankAtlas: '', onnxruntime: '' },
  chance: 0.25,
  calibration: { samples: 100, before: { accuracy: 0.8, loss: 4.892 }, after: figures },
  candidates: 500,
  checks: Array.from({ length: 12 }, (_, i) => ({
    path: '',
    blocks: 1,
    from: 0,
    to: 1,
    predicted: i,
    measured: 2 * i,
  })),
  trials: Array.from({ length: 24 }, (_, i) => trial(i, i === 3)),
  accepted: [3],
  test: {
    samples: 2,
    steps: [
      { accuracy: 0.81, loss: 5.011, plain: 3.484 },
      { accuracy: 0.82, loss: 4.915, plain: 3.722 },
    ],
  },
  plain: {
    length: 64,
    losses: [
      [3.4, 3.568],
      [3.64, 3.804],
    ],
  },
  samples: [0, 1].map(() => ({
    question: '',
    options: [],
    answer: 0,
    scores: [
      { right: 1, loss: 1, chosen: 0 },
      { right: 1, loss: 1, chosen: 0 },
    ],
  })),
  text: null,
  laser: {
    evaluations: 504,
    made: 24,
    milliseconds: 1,
    extrapolated: 21,
    best: { module: 0, path: 'layers.0', rho: 0.1, figures, milliseconds: 1 },
    test: { accuracy: 0.77, loss: 5.03, plain: 3.9 },
  },
  times: {
    svd: 0,
    samples: 0,
    gradients: 0,
    checks: 0,
    scan: 0,
    test: 0,
    plain: 0,
    text: 0,
    laser: 0,
  },
};

it('prints the held-out loss with every accuracy on test samples', () => {
  const lines = compressText(result).split('\n');
  const judging = lines.filter((l) => /^\d+ test samples|LASER trials/.test(l));
  expect(judging).toHaveLength(2);
  for (const line of judging) expect(line).toMatch(/plain text 3\.\d{4}/);
  expect(lines.find((l) => l.startsWith('Plain text'))).toMatch(
    /atlas-heldout, 2 x 64 tokens.*3\.4840 -> 3\.7220, 95 % interval of the change \+0\.\d+ to \+0\.\d+/,
  );
  expect(lines.find((l) => l.startsWith('With 1 removal'))).toMatch(
    /plain text rises: 3\.484 to 3\.722/,
  );
  // Only the accepted trial shows the resulting loss.
  expect(lines.filter((l) => /^accepted/.test(l)).map((l) => l.endsWith('3.7220'))).toEqual([true]);
});

it('prints both correlation coefficients over all trials, and defines small removals', () => {
  const text = compressText(result);
  expect(text).toMatch(/all 24 tried: r = -?0\.\d{3}, Spearman -?0\.\d{3}/);
  expect(text).toMatch(
    /12 small removals, which only check the gradient: r = 1\.000, Spearman 1\.000/,
  );
});
