/** Adapters saved by PEFT in SmolLM2-135M (q4, WASM) give PyTorch's logits. Reference group h. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defined } from '../checked.ts';
import { hasShared, sharedPath } from '../../test/shared.ts';
import { openSmolLm2, type OpenedSmolLm2 } from '../../test/smollm2.ts';
import { readSafetensors, toFloat32, type SafetensorsEntry } from '../model/safetensors.ts';
import { exportPeft, importPeft } from './peft.ts';

const reference = (...parts: string[]) =>
  readFileSync(sharedPath('reference', 'smollm2', ...parts));

describe.skipIf(!hasShared)('PEFT adapters in SmolLM2-135M on WASM', { timeout: 600_000 }, () => {
  let opened: OpenedSmolLm2;
  let tensors: ReadonlyMap<string, SafetensorsEntry>;
  beforeAll(async () => {
    opened = await openSmolLm2();
    ({ tensors } = readSafetensors(
      reference('peft_logits.safetensors'),
      'peft_logits.safetensors',
    ));
  }, 120_000);
  afterAll(() => opened.close());

  it.each(['base', 'peft_adapter', 'peft_adapter_rslora'])(
    '%s have the logits of PEFT at the last position',
    async (name) => {
      const { engine } = opened;
      const ids = new Int32Array(new Uint8Array(defined(tensors.get('input_ids')).bytes).buffer);
      const batch = { ids, sequences: 1, length: ids.length };
      const lastLogits = async (imported: ReturnType<typeof importPeft> | null) => {
        const adapters = imported && (await engine.adapters(imported.adapters));
        const logits = await engine.logits(
          batch,
          imported && adapters ? { adapters, scale: imported.scale } : undefined,
        );
        adapters?.dispose();
        return logits.subarray(-engine.vocab);
      };
      const imported =
        name === 'base'
          ? null
          : importPeft(
              reference(name, 'adapter_config.json'),
              reference(name, 'adapter_model.safetensors'),
              engine.modules,
            );
      const want = toFloat32(defined(tensors.get(`${name}.last_logits`)));
      const got = await lastLogits(imported);
      const worst = want.reduce((w, v, i) => Math.max(w, Math.abs(v - got[i]!)), 0);
      console.info(`${name}: largest difference ${worst.toExponential(2)}`);
      expect(worst).toBeLessThan(2e-3);
      if (!imported) return;
      // Our own export of the adapter gives the same.
      const files = exportPeft({
        modules: engine.modules,
        ...imported,
        baseModel: defined(imported.baseModel),
        taskType: 'CAUSAL_LM',
      });
      const back = importPeft(
        defined(files.get('adapter_config.json')),
        defined(files.get('adapter_model.safetensors')),
        engine.modules,
      );
      expect(back.adapters).toEqual(imported.adapters);
      expect(await lastLogits(back)).toEqual(got);
    },
  );
});
