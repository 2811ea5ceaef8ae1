/**
 * Single tokens against logits, and single directions against gradients formed as a whole, on a
 * tiny model.
 */
import { afterAll, expect, it } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { tinyDecoderGraph } from '../../../test/tiny-decoder.ts';
import { fillNormal, streamKeys } from '../../device/random.ts';
import { createEngine } from '../cut-engine.ts';
import { floatModel } from '../pieces/float-model.ts';
import { cpuBackend } from '../backends/test-backends.ts';
import { batchOf } from './test-probes.ts';

const engine = createEngine({
  model: await floatModel(tinyDecoderGraph({ weights: 'q4' })),
  backend: await cpuBackend(),
  memoryBudgetBytes: 500e6,
});
afterAll(() => engine.dispose());

const batch = batchOf(48, 2, 5);
const { vocab, layers } = engine;
const queries = [
  { row: 3, token: 7 },
  { row: 3, token: 0 },
  { row: 9, token: vocab - 1 },
  { row: 0, token: 1 },
];

async function expected(): Promise<{ likelihood: number; top: boolean }[]> {
  const logits = await engine.logits(batch);
  return queries.map(({ row, token }) => {
    const own = logits.subarray(row * vocab, (row + 1) * vocab);
    const sum = own.reduce((s, v) => s + Math.exp(v), 0);
    return { likelihood: own[token]! - Math.log(sum), top: own.every((v) => v <= own[token]!) };
  });
}

async function expectScores(
  layer: number,
  pass: Awaited<ReturnType<typeof engine.cleanPass>>,
): Promise<void> {
  const { logLikelihood, top } = await engine.scoreTokens(pass, queries, layer);
  (await expected()).forEach((want, i) => {
    expect(logLikelihood[i]).toBeCloseTo(want.likelihood, 5);
    expect(top[i] === 1).toBe(want.top);
  });
}

it('token likelihoods from cached and changed residual streams equal those of whole passes', async () => {
  const pass = await engine.cleanPass(batch);
  const last = defined(engine.modules.findLast((m) => m.layer === layers - 1));
  await expectScores(layers, pass);
  await expectScores(0, pass);
  await engine.setWeight(
    last.index,
    engine.materialiseWeight(last.index).map((v) => -2 * v),
  );
  await expectScores(layers - 1, pass);
  await engine.refreshPass(pass, layers - 1);
  await expectScores(layers, pass);
  await engine.setWeight(last.index, null);
  await engine.refreshPass(pass, 0);
  await expectScores(layers, pass);
  expect(
    (
      await engine.scoreTokens(
        pass,
        [{ row: 2, token: 0 }, ...Array.from({ length: vocab }, (_, token) => ({ row: 2, token }))],
        layers,
      )
    ).top.reduce((a, b) => a + b, 0),
  ).toBeGreaterThanOrEqual(1);
  pass.dispose();
});

it('singular gradients equal σ uᵀ G v of every sequence, without forming G', async () => {
  const weights = new Map<number, Float32Array>();
  await engine.gradients(batch, {
    weight: (module, g) => {
      weights.set(module, g);
    },
  });
  const directions = engine.modules
    .filter((m) => m.index % 3 === 0)
    .flatMap(({ index, inFeatures, outFeatures }) =>
      [
        [0, outFeatures, 1],
        [4, outFeatures - 5, 1],
        [1, 3, 2],
      ].flatMap(([first, rows, blocks]) =>
        (['output', 'input'] as const).map((side) => ({
          module: index,
          first: defined(first),
          rows: defined(rows),
          blocks: defined(blocks),
          side,
          vectors: fillNormal(
            streamKeys(index, 1, 0),
            new Float32Array(
              defined(blocks) * 3 * (side === 'output' ? defined(rows) : inFeatures),
            ),
          ),
        })),
      ),
    );
  const { gradients } = await engine.singularGradients(batch, directions);
  directions.forEach(({ module, first, rows, blocks, side, vectors }, p) => {
    const { inFeatures } = elementAt(engine.modules, module);
    const g = defined(weights.get(module));
    const w = engine.materialiseWeight(module);
    const width = side === 'output' ? rows : inFeatures;
    for (let i = 0; i < 3 * blocks; i++) {
      const block = Math.floor(i / 3);
      const at = 6 * block + (i % 3);
      const own = vectors.subarray(i * width, (i + 1) * width);
      const start = (first + block * rows) * inFeatures;
      // The other side's vector times σ: Wᵀu, or W v.
      const other = Array.from({ length: side === 'output' ? inFeatures : rows }, (_, n) =>
        own.reduce(
          (sum, value, k) =>
            sum + value * w[start + (side === 'output' ? k * inFeatures + n : n * inFeatures + k)]!,
          0,
        ),
      );
      let want = 0;
      let size = 0;
      for (let o = 0; o < rows; o++)
        for (let k = 0; k < inFeatures; k++) {
          const term =
            g[start + o * inFeatures + k]! *
            (side === 'output' ? own[o]! * other[k]! : other[o]! * own[k]!);
          want += term;
          size += Math.abs(term);
        }
      expect(
        Math.abs(elementAt(gradients, p)[at]! + elementAt(gradients, p)[at + 3]! - want),
      ).toBeLessThan(1e-5 * size);
    }
  });
});
