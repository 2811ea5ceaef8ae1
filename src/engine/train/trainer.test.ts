/**
 * Loss, adapter gradients and training steps on tiny decoders: finite differences, padding,
 * DyLoRA's frozen rows, divergence.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { compile } from '../../compiler/index.ts';
import { fillNormal, streamKeys } from '../../device/random.ts';
import { tinyDecoderGraph } from '../../../test/tiny-decoder.ts';
import type { Backend } from '../backends/backend.ts';
import { createEngine, type CutEngine } from '../cut-engine.ts';
import type { DeviceAdapters } from '../adapters/device-adapters.ts';
import type { AdapterUse, AdapterValues, TrainingBatch } from '../engine.ts';
import { cpuBackend } from '../backends/test-backends.ts';
import { adamWStep, randomAdapters, trainingBatch } from '../../../test/training-data.ts';
import { crossEntropy } from '../head/next-token-loss.ts';
import { trainingBytes } from '../../model/training-memory.ts';
import { weightBytes } from '../../model/memory.ts';

describe.each(['float32', 'q4'] as const)('training a tiny %s decoder on WASM', (weights) => {
  let engine: CutEngine;
  let backend: Backend;
  const batch = trainingBatch();
  const adapted = (adapters: AdapterUse['adapters'], rank?: number): AdapterUse => ({
    adapters,
    scale: () => 2,
    ...(rank === undefined ? {} : { rank: () => rank }),
  });
  beforeAll(async () => {
    backend = await cpuBackend();
    engine = createEngine({
      model: compile(tinyDecoderGraph({ weights })),
      backend,
      memoryBudgetBytes: 500e6,
    });
  });
  afterAll(() => engine.dispose());

  const lossOf = async (values: AdapterValues[], b: TrainingBatch = batch) => {
    const adapters = await engine.adapters(values);
    const { sum, tokens } = await engine.evaluate(b, adapted(adapters));
    adapters.dispose();
    return sum / tokens;
  };
  const gradientsOf = async (values: AdapterValues[], b: TrainingBatch = batch) => {
    const adapters = await engine.adapters(values);
    await engine.trainStep(b, adapted(adapters), adamWStep({ learningRate: 0 }));
    const read = await Promise.all(
      values.map(async ({ module }) => {
        const { a, b: bT } = defined((adapters as DeviceAdapters).of(module)).gradients;
        return { module, a: await backend.read(a), bT: await backend.read(bT) };
      }),
    );
    adapters.dispose();
    return read;
  };

  it('computes the loss of the logits, unchanged by B = 0', async () => {
    const logits = await engine.logits(batch);
    const { sum, tokens } = await engine.evaluate(batch);
    expect(
      Math.abs(
        sum / tokens - (await crossEntropy(async (visit) => visit(0, engine.vocab, logits), batch)),
      ),
    ).toBeLessThan(1e-6);
    const fresh = randomAdapters(engine.modules, 3).map((v) => ({
      ...v,
      loraB: v.loraB.map(() => 0),
    }));
    expect(Math.abs((await lossOf(fresh)) - sum / tokens)).toBeLessThan(1e-6);
  });

  it('computes gradients that match finite differences', { timeout: 60_000 }, async () => {
    // Some modules have no adapter, and ranks differ.
    const values = randomAdapters(engine.modules, (m) => m.index % 4);
    const gradients = await gradientsOf(values);
    for (const [i, { module, rank, loraA, loraB }] of values.entries()) {
      const { outFeatures } = elementAt(engine.modules, module);
      const { a, bT } = elementAt(gradients, i);
      const h = 2e-2;
      const dirA = fillNormal(streamKeys(9, module, 0), new Float32Array(loraA.length), 0, 0.1);
      const dirB = fillNormal(streamKeys(9, module, 1), new Float32Array(loraB.length), 0, 0.1);
      const moved = (t: number) =>
        values.map((v, j) =>
          j === i
            ? {
                ...v,
                loraA: loraA.map((x, k) => x + t * dirA[k]!),
                loraB: loraB.map((x, k) => x + t * dirB[k]!),
              }
            : v,
        );
      // Fourth order: float32 losses are too coarse for a small step.
      const [f2, f1, b1, b2] = [
        await lossOf(moved(2 * h)),
        await lossOf(moved(h)),
        await lossOf(moved(-h)),
        await lossOf(moved(-2 * h)),
      ];
      const measured = (8 * (f1 - b1) - (f2 - b2)) / (12 * h);
      let predicted = 0;
      a.forEach((g, k) => {
        predicted += g * dirA[k]!;
      });
      loraB.forEach((_, k) => {
        predicted += bT[(k % rank) * outFeatures + Math.floor(k / rank)]! * dirB[k]!;
      });
      expect(Math.abs(measured - predicted), elementAt(engine.modules, module).path).toBeLessThan(
        2e-3 * Math.abs(predicted) + 2e-5,
      );
    }
  });

  it('ignores padding', async () => {
    const values = randomAdapters(engine.modules, 2);
    const { ids, sequences, length } = batch;
    const labels = new Int32Array(ids.length).fill(-100);
    for (let s = 0; s < sequences; s++)
      for (let t = 0; t < 3; t++) labels[s * length + t] = ids[s * length + t + 1]!;
    const padded = {
      ids: ids.map((id, i) => (i % length > 3 ? 0 : id)),
      sequences,
      length,
      labels,
    };
    expect(await lossOf(values, padded)).toBeCloseTo(await lossOf(values, { ...batch, labels }), 6);
    const [one, other] = [
      await gradientsOf(values, padded),
      await gradientsOf(values, { ...batch, labels }),
    ];
    one.forEach((g, i) =>
      g.a.forEach((x, k) => expect(Math.abs(x - elementAt(other, i).a[k]!)).toBeLessThan(1e-7)),
    );
    await expect(engine.evaluate({ ...batch, labels: labels.fill(-100) })).rejects.toMatchObject({
      code: 'bad-text',
    });
  });

  it('updates one row in frozen mode, and only the ranks in use otherwise', async () => {
    const values = randomAdapters(engine.modules, 4);
    for (const [onlyLast, from] of [
      [true, 1],
      [false, 0],
    ] as const) {
      const adapters = await engine.adapters(values);
      await engine.trainStep(batch, adapted(adapters, 2), adamWStep({}), { onlyLast });
      for (const [i, { module, loraA, loraB }] of (await adapters.values()).entries()) {
        const { inFeatures } = elementAt(engine.modules, module);
        for (let r = 0; r < 4; r++) {
          const row = (x: Float32Array) =>
            Array.from(x.subarray(r * inFeatures, (r + 1) * inFeatures));
          const column = (x: Float32Array) => Array.from(x).filter((_, k) => k % 4 === r);
          const still = r < from || r >= 2;
          expect(String(row(loraA)) === String(row(elementAt(values, i).loraA)), `A row ${r}`).toBe(
            still,
          );
          expect(
            String(column(loraB)) === String(column(elementAt(values, i).loraB)),
            `B column ${r}`,
          ).toBe(still);
        }
      }
      adapters.dispose();
    }
  });

  it('takes the same steps without saved activations, and reports before the run what fits', async () => {
    const values = randomAdapters(engine.modules, 3);
    const model = compile(tinyDecoderGraph({ weights }));
    const ranks = engine.modules.map(() => 3);
    const need = trainingBytes(model, { ...batch, ranks }, false);
    const weightsOf = weightBytes(model);
    const lean = createEngine({
      model,
      backend: await cpuBackend(),
      memoryBudgetBytes: weightsOf + need + 1,
    });
    expect(trainingBytes(model, { ...batch, ranks }, true)).toBeGreaterThan(need + 1);
    const [one, other] = [await engine.adapters(values), await lean.adapters(values)];
    for (let step = 1; step <= 3; step++) {
      const [a, b] = [
        await engine.trainStep(batch, adapted(one), adamWStep({ step })),
        await lean.trainStep(batch, adapted(other), adamWStep({ step })),
      ];
      expect(Math.abs(a.loss - b.loss)).toBeLessThan(1e-5);
      expect(Math.abs(a.gradNorm / b.gradNorm - 1)).toBeLessThan(1e-4);
    }
    await lean.checkTraining(batch, ranks);
    await expect(lean.checkTraining({ ...batch, sequences: 40 }, ranks)).rejects.toMatchObject({
      code: 'training-too-large',
      values: { sequences: 40, fit: 2 },
    });
    await expect(
      lean.checkTraining({ ...batch, sequences: 1 }, ...Array.from({ length: 40 }, () => ranks)),
    ).rejects.toMatchObject({ code: 'training-too-large', values: { fit: 0 } });
    await lean.dispose();
    one.dispose();
  });

  it('stops with the previous adapters if the loss is not finite', async () => {
    const values = randomAdapters(engine.modules, 1).map((v) => ({
      ...v,
      loraA: v.loraA.map(() => 3e38),
    }));
    const adapters = await engine.adapters(values);
    await expect(engine.trainStep(batch, adapted(adapters), adamWStep({}))).rejects.toMatchObject({
      code: 'diverged',
    });
    expect((await adapters.values()).map((v) => v.loraB)).toEqual(values.map((v) => v.loraB));
    adapters.dispose();
  });

  it('learns, and resumes from its moments with identical losses', async () => {
    const adapters = await engine.adapters(randomAdapters(engine.modules, 2));
    const before = await engine.evaluate(batch, adapted(adapters));
    for (let step = 1; step <= 6; step++)
      await engine.trainStep(batch, adapted(adapters), adamWStep({ step }));
    const again = await engine.adapters(await adapters.values(), await adapters.moments());
    for (const a of [adapters, again])
      for (let step = 7; step <= 9; step++)
        await engine.trainStep(batch, adapted(a), adamWStep({ step }));
    expect(await again.values()).toEqual(await adapters.values());
    const after = await engine.evaluate(batch, adapted(adapters));
    expect(after.sum).toBeLessThan(0.7 * before.sum);
    for (const a of [adapters, again]) a.dispose();
  });
});
