/**
 * LoRA on SmolLM2-135M (q4, WASM) against PEFT and torch.optim.AdamW: reference group c, every
 * step, with and without clipping.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { elementAt } from '../checked.ts';
import { hasShared, sharedPath } from '../../test/shared.ts';
import { openSmolLm2, type OpenedSmolLm2 } from '../../test/smollm2.ts';
import { readSafetensors, toFloat32 } from '../model/safetensors.ts';
import { initialAdapters, loraScale } from './lora.ts';
import { train, type TrainingEvent } from './training.ts';

const reference = (name: string) => sharedPath('reference', 'smollm2', name);
const json = (name: string) => JSON.parse(readFileSync(reference(name), 'utf8'));

describe.skipIf(!hasShared)('LoRA training of SmolLM2-135M on WASM', { timeout: 3_600_000 }, () => {
  let opened: OpenedSmolLm2;
  beforeAll(async () => {
    opened = await openSmolLm2();
  }, 120_000);
  afterAll(() => opened.close());

  it.each(['plain', 'clip_0.3'])('%s has the losses of PEFT over 20 steps', async (name) => {
    const { rank, alpha, steps, seed, adamw, [name]: want } = json('lora_training.json');
    const { engine } = opened;
    const rows: number[][] = json('texts.json').batches.lora_training;
    const batch = {
      ids: Int32Array.from(rows.flat()),
      sequences: rows.length,
      length: elementAt(rows, 0).length,
    };
    const adapters = await engine.adapters(
      initialAdapters(
        seed,
        engine.modules,
        engine.modules.map(() => rank),
      ),
    );
    const use = { adapters, scale: () => loraScale(rank, { kind: 'alpha', value: alpha }) };
    const options = {
      seed,
      steps,
      batch: batch.sequences,
      schedule: { peak: adamw.lr, warmup: 0, decay: 'constant' as const },
      adamW: {
        beta1: adamw.betas[0],
        beta2: adamw.betas[1],
        epsilon: adamw.eps,
        weightDecay: adamw.weight_decay,
      },
      maxNorm: want.clip,
      evaluateEvery: 0,
    };
    const events: TrainingEvent[] = [];
    for await (const event of train({
      engine,
      use,
      data: { train: batch, held: batch },
      options,
      now: () => performance.now(),
    }))
      events.push(event);
    const taken = events.filter((e) => e.type === 'step');
    const errors = taken.map((e, i) => Math.abs(e.loss - want.loss_before_step[i]));
    errors.forEach((e, i) =>
      expect(e, `step ${i + 1}`).toBeLessThan(want.clip !== null ? 5e-3 : i < 5 ? 1e-4 : 2e-3),
    );
    const last = elementAt(events, -1);
    expect(last.type === 'evaluation' && Math.abs(last.loss - want.final_loss)).toBeLessThan(
      want.clip !== null ? 5e-3 : 2e-3,
    );

    const { tensors } = readSafetensors(
      readFileSync(reference('lora_training.safetensors')),
      'lora_training',
    );
    let compared = 0;
    for (const { module, loraA, loraB } of await adapters.values()) {
      for (const [letter, got] of [
        ['A', loraA],
        ['B', loraB],
      ] as const) {
        const stored = tensors.get(`${name}.${elementAt(engine.modules, module).path}.${letter}`);
        if (!stored) continue;
        const wanted = toFloat32(stored);
        const largest = wanted.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
        expect(
          wanted.reduce((worst, v, i) => Math.max(worst, Math.abs(v - got[i]!)), 0),
          `${letter} of module ${module}`,
        ).toBeLessThan(1e-2 * largest);
        compared++;
      }
    }
    expect(compared).toBe(6);
    adapters.dispose();
  });
});
