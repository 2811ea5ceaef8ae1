/**
 * Tests pruned weights and masked adapters of a tiny float model, on any provider, against their
 * definitions computed from whole matrices.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defined, elementAt } from '../src/checked.ts';
import { tinyDecoderGraph } from './tiny-decoder.ts';
import { adamWStep, randomAdapters, trainingBatch } from './training-data.ts';
import { applyMask, gram, isRetained, pruneMask } from '../src/device/sparse-twins.ts';
import type { Backend } from '../src/engine/backends/backend.ts';
import { createEngine, type CutEngine } from '../src/engine/cut-engine.ts';
import type { AdapterUse, AdapterValues, Masks } from '../src/engine/engine.ts';
import { floatModel } from '../src/engine/pieces/float-model.ts';

const SCALE = 2;
const RANK = 2;

/** M ⊙ (W + s B A), computed directly. */
function merged(
  w: Float32Array,
  mask: Uint32Array,
  { rank, loraA, loraB }: AdapterValues,
  scale: number,
): Float32Array {
  const inputs = loraA.length / rank;
  return w.map((v, i) => {
    if (!isRetained(mask, i)) return 0;
    let sum = 0;
    for (let r = 0; r < rank; r++)
      sum += loraB[Math.floor(i / inputs) * rank + r]! * loraA[r * inputs + (i % inputs)]!;
    return v + scale * sum;
  });
}

const worst = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((max, v, i) => Math.max(max, Math.abs(v - b[i]!)), 0);

export function sparseSuite(name: string, open: () => Promise<Backend>): void {
  describe(`pruning on ${name}`, { timeout: 600_000 }, () => {
    let backend: Backend;
    let engine: CutEngine;
    let masks: Masks;
    let use: AdapterUse;
    let values: AdapterValues[];
    const batch = trainingBatch();
    beforeAll(async () => {
      backend = await open();
      engine = createEngine({
        model: await floatModel(tinyDecoderGraph()),
        backend,
        memoryBudgetBytes: 500e6,
      });
      values = randomAdapters(engine.modules, RANK);
      masks = await engine.masks();
      use = { adapters: await engine.adapters(values), scale: () => SCALE, masks };
      for (const { index, outFeatures: outputs, inFeatures: inputs } of engine.modules) {
        masks.set(
          index,
          pruneMask(
            engine.materialiseWeight(index),
            null,
            { outputs, inputs },
            { kind: 'row', drop: Math.floor(inputs / 2) },
          ),
        );
      }
    }, 300_000);
    afterAll(() => engine.dispose());

    it('merges within the mask: every pruned weight is exactly zero', async () => {
      for (const { index } of engine.modules) {
        const got = await engine.mergedWeight(index, use);
        const mask = defined(masks.bits(index));
        expect(got.findIndex((v, i) => !isRetained(mask, i) && v !== 0)).toBe(-1);
        expect(
          worst(
            got,
            merged(engine.materialiseWeight(index), mask, elementAt(values, index), SCALE),
          ),
        ).toBeLessThan(1e-6);
      }
    });

    it('computes with exactly those weights', async () => {
      const got = await engine.logits(batch, use);
      const loss = await engine.evaluate(batch, use);
      const own = engine.modules.map((m) => engine.materialiseWeight(m.index));
      for (const { index } of engine.modules)
        await engine.setWeight(
          index,
          merged(
            elementAt(own, index),
            defined(masks.bits(index)),
            elementAt(values, index),
            SCALE,
          ),
        );
      expect(worst(got, await engine.logits(batch))).toBeLessThan(1e-5);
      expect(loss.sum / (await engine.evaluate(batch)).sum).toBeCloseTo(1, 5);
      for (const { index } of engine.modules) await engine.setWeight(index, null);
      expect(worst(got, await engine.logits(batch))).toBeGreaterThan(0.1);
    });

    it('takes a step by the gradient through the mask', async () => {
      // G of the merged weights as a whole matrix; dA = s Bᵀ (G ⊙ M), dB = s (G ⊙ M) Aᵀ.
      const own = engine.modules.map((m) => engine.materialiseWeight(m.index));
      const grads = new Map<number, Float32Array>();
      for (const { index } of engine.modules)
        await engine.setWeight(
          index,
          merged(
            elementAt(own, index),
            defined(masks.bits(index)),
            elementAt(values, index),
            SCALE,
          ),
        );
      const loss = await engine.gradients(batch, {
        weight: (module, g) => {
          applyMask(g, defined(masks.bits(module)));
          grads.set(module, g);
        },
      });
      for (const { index } of engine.modules) await engine.setWeight(index, null);
      const directions = values.map(({ module, loraA, loraB, rank }): AdapterValues => {
        const g = defined(grads.get(module));
        const inputs = loraA.length / rank;
        const dA = new Float32Array(loraA.length);
        const dB = new Float32Array(loraB.length);
        g.forEach((v, i) => {
          const o = Math.floor(i / inputs);
          const k = i % inputs;
          for (let r = 0; r < rank; r++) {
            dA[r * inputs + k]! += SCALE * loraB[o * rank + r]! * v;
            dB[o * rank + r]! += SCALE * loraA[r * inputs + k]! * v;
          }
        });
        return { module, rank, loraA: dA, loraB: dB };
      });
      const norm = Math.sqrt(
        directions.reduce(
          (sum, { loraA, loraB }) => sum + [...loraA, ...loraB].reduce((s, v) => s + v * v, 0),
          0,
        ),
      );
      // The loss must change along the gradient by the predicted amount.
      const along = async (step: number) => {
        const add = (x: Float32Array, d: Float32Array) =>
          x.map((v, i) => v + (step * d[i]!) / norm);
        const adapters = await engine.adapters(
          values.map((v, i) => ({
            ...v,
            loraA: add(v.loraA, elementAt(directions, i).loraA),
            loraB: add(v.loraB, elementAt(directions, i).loraB),
          })),
        );
        const { sum, tokens } = await engine.evaluate(batch, { ...use, adapters });
        adapters.dispose();
        return sum / tokens;
      };
      expect(((await along(0.01)) - (await along(-0.01))) / 0.02 / norm).toBeCloseTo(1, 2);
      const step = await engine.trainStep(batch, use, adamWStep({}));
      expect(step.loss).toBeCloseTo(loss, 4);
      expect(step.gradNorm / norm).toBeCloseTo(1, 4);
      expect((await engine.evaluate(batch, use)).sum).toBeLessThan(
        step.loss * batch.sequences * (batch.length - 1),
      );
      for (const { index } of engine.modules)
        expect(
          (await engine.mergedWeight(index, use)).findIndex(
            (v, i) => !isRetained(defined(masks.bits(index)), i) && v !== 0,
          ),
        ).toBe(-1);
    });

    it('walks block by block: norms of the inputs, masks by Wanda, the error behind each block', async () => {
      const dense = await engine.cleanPass(batch);
      const streams = await engine.residuals(batch);
      const nothing = await engine.adapters([]);
      const fresh = await engine.masks();
      const plain: AdapterUse = { adapters: nothing, scale: () => 0, masks: fresh };
      const walk = await engine.walk(batch, plain);
      for (let layer = 0; layer < engine.layers; layer++) {
        const norms = await walk.inputNorms();
        for (const { index, outFeatures: outputs, inFeatures: inputs } of engine.modules.filter(
          (m) => m.layer === layer,
        )) {
          const mask = await engine.pruneMask(
            index,
            defined(norms.get(index)),
            { kind: 'row', drop: Math.floor(inputs / 2) },
            plain,
          );
          expect(mask).toEqual(
            pruneMask(
              engine.materialiseWeight(index),
              defined(norms.get(index)),
              { outputs, inputs },
              { kind: 'row', drop: Math.floor(inputs / 2) },
            ),
          );
          fresh.set(index, mask);
        }
        const error = await walk.advance(dense);
        if (layer > 0) continue;
        // The residual stream after layer 0 with the pruned weights.
        for (const { index } of engine.modules.filter((m) => m.layer === 0))
          await engine.setWeight(index, await engine.mergedWeight(index, plain));
        const now = elementAt(await engine.residuals(batch), 1);
        const hidden = now.length / batch.ids.length;
        for (const { index } of engine.modules) await engine.setWeight(index, null);
        let want = 0;
        for (let h = 0; h < hidden; h++) {
          let apart = 0;
          let whole = 0;
          for (let t = h; t < now.length; t += hidden) {
            apart += (elementAt(streams, 1)[t]! - now[t]!) ** 2;
            whole += elementAt(streams, 1)[t]! ** 2;
          }
          want += apart / whole / hidden;
        }
        expect(error / want).toBeCloseTo(1, 4);
      }
      const grams = await engine.inputGrams(batch, { adapters: nothing, scale: () => 0 });
      expect(worst(elementAt(grams, 0), gram(elementAt(streams, 0), batch.sequences))).toBeLessThan(
        1e-3,
      );
      for (const used of [walk, dense, nothing, fresh]) used.dispose();
    });
  });
}
