/** SmolLM2-135M continues a text with the KV cache as in one whole forward pass. */
import { expect, it } from 'vitest';
import { hasShared } from '../../../test/shared.ts';
import { openSmolLm2 } from '../../../test/smollm2.ts';
import { likeliest } from '../../../test/training-data.ts';

it.skipIf(!hasShared)(
  'SmolLM2 generates the same text with and without a cache',
  { timeout: 600_000 },
  async () => {
    const { engine, close } = await openSmolLm2();
    const prompt = Int32Array.from({ length: 40 }, (_, i) => (i * i * 31 + 7) % engine.vocab);
    const ids = [...prompt];
    const probabilities: number[] = [];
    for await (const { id, logProbability } of engine.generate({
      prompt,
      tokens: 12,
      choose: likeliest,
    })) {
      ids.push(id);
      probabilities.push(logProbability);
    }
    const logits = await engine.logits({
      ids: Int32Array.from(ids),
      sequences: 1,
      length: ids.length,
    });
    const scores = await engine.score(Int32Array.from(ids));
    probabilities.forEach((p, i) => {
      const row = logits.subarray((39 + i) * engine.vocab, (40 + i) * engine.vocab);
      const most = Math.max(...row);
      expect(ids[40 + i]).toBe(likeliest(row));
      expect(p).toBeCloseTo(-Math.log(row.reduce((sum, x) => sum + Math.exp(x - most), 0)), 3);
      expect(scores[39 + i]).toBeCloseTo(p, 3);
    });
    await close();
  },
);
