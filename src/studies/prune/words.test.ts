/** The finding compares with training without zeros: the published run at 70 % (docs/losa.md). */
import { expect, it } from 'vitest';
import type { PruneFinding } from './state.ts';
import { pruneEn } from './words.en.ts';
import { pruneJa } from './words.ja.ts';

const published: PruneFinding = {
  zeros: 0.7,
  losa: 3.889,
  dense: 4.537,
  withoutZeros: 3.695,
  masked: 3.826,
  pending: false,
};
const languages = [pruneEn, pruneJa];

it('credits no zeros with what training gained', () => {
  expect(pruneEn.finding(published)).toBe(
    'LoSA with 70\u00a0% zeros ends at 3.889 nats, LoRA without zeros at 3.695: 0.194 lower.',
  );
  expect(pruneEn.note(published)).toBe(
    'One-shot pruning and masked LoRA, 70\u00a0% zeros: 3.826. The dense model, which was not trained on this text: 4.537. One seed: not conclusive.',
  );
  for (const words of languages) {
    const finding = words.finding(published);
    expect(finding).toContain('3.695');
    // 4.537 − 3.889, the difference to the untrained model.
    for (const sentence of [finding, words.note(published)])
      expect(sentence).not.toContain('0.648');
  }
});

it('says so if the zeros end lower, equal, or without a comparison', () => {
  expect(pruneEn.finding({ ...published, withoutZeros: 3.9 })).toMatch(
    /at 3\.900: 0\.011 higher\.$/,
  );
  expect(pruneEn.finding({ ...published, withoutZeros: 3.8892 })).toMatch(
    /, as LoRA without zeros/,
  );
  const none = { ...published, withoutZeros: null, masked: null };
  expect(pruneEn.finding({ ...none, pending: true })).toMatch(/still to be trained\.$/);
  expect(pruneEn.finding(none)).toMatch(/cost of the zeros is unknown\.$/);
  for (const words of languages)
    for (const pending of [true, false])
      expect(words.finding({ ...none, pending })).not.toMatch(/lower|higher|better|低く|高く/);
});

it('says whether the zeros save space by the bytes in the table', () => {
  const stored = (sparse: number, int4: number) =>
    [
      { form: 'float32', bytes: 12_582_912 },
      { form: 'sparse', bytes: sparse },
      { form: 'int4', bytes: int4 },
    ] as const;
  // The bundled model: 2.0 MB in the file, and no form is smaller.
  expect(pruneEn.sizeNote(1_966_080, stored(6_684_672, 1_966_080))).toBe(
    'Zeros save no time here: the browser multiplies them like other numbers. Nor do they save space: the file’s linear layers take 2.0 MB; pruned, float32 12.6 MB, a sparse file 6.7 MB, 4 bits 2.0 MB.',
  );
  expect(pruneJa.sizeNote(1_966_080, stored(6_684_672, 1_966_080))).toContain(
    'サイズも小さくなりません',
  );
  // A float32 file: the sparse form is smaller.
  expect(pruneEn.sizeNote(12_582_912, stored(6_684_672, 1_966_080))).toContain('They save space');
  // Smaller only because of the 4 bits: not by zeros.
  expect(pruneEn.sizeNote(6_000_000, stored(6_684_672, 1_966_080))).toContain('Nor do they');
  expect(pruneEn.sizeNote(1_966_080, [])).not.toContain('space');
});
