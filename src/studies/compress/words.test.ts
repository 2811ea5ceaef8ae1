/**
 * The finding always reports the plain text's loss with the task's gain, and a correlation with
 * what it covers.
 */
import { expect, it } from 'vitest';
import { defined } from '../../checked.ts';
import { agreementOf } from './state.ts';
import { verdictOf } from './verdict.ts';
import { compressWords } from './words.ts';

const languages = ['en', 'ja'] as const;

/** Ten samples with this many right before and after; plain loss 3.484 before and 3.722 after. */
function verdict(before: number, after: number) {
  const right = (count: number, i: number) => ({ right: i < count ? 1 : 0, loss: 1, chosen: 0 });
  const samples = Array.from({ length: 10 }, (_, i) => ({
    question: '',
    options: [],
    answer: 0,
    scores: [right(before, i), right(after, i)],
  }));
  const steps = [
    { accuracy: before / 10, loss: 5.011, plain: 3.484 },
    { accuracy: after / 10, loss: 4.915, plain: 3.722 },
  ];
  return verdictOf({
    samples,
    test: { samples: 10, steps },
    plain: {
      length: 8,
      losses: [
        [3.4, 3.568],
        [3.64, 3.804],
      ],
    },
  });
}

it.each([
  ['helped', 1, 9],
  ['cost', 9, 1],
  ['open', 5, 6],
] as const)('the finding "%s" reports the change of the held-out loss', (kind, before, after) => {
  const found = verdict(before, after);
  expect(found.kind).toBe(kind);
  for (const language of languages) {
    const compress = compressWords[language];
    for (const sentence of [compress.finding(found), compress.plain('Text', 2, 8, found)]) {
      expect(sentence).toContain('3.484');
      expect(sentence).toContain('3.722');
    }
    expect(
      compress.laser({
        best: '1 o',
        rho: 0.1,
        test: found.after,
        made: 24,
        of: 504,
        seconds: '9 s',
      }),
    ).toContain('3.722');
  }
});

it('reports whether the held-out loss changed significantly', () => {
  const { plainChange, before, after } = verdict(5, 5);
  expect([before.plain, after.plain]).toEqual([3.484, 3.722]);
  expect(defined(plainChange).mean).toBeCloseTo(0.238, 12);
  expect(defined(plainChange).low).toBeGreaterThan(0.2);
});

it('does not write two equal figures as a change', () => {
  // The published default run: 81.0 % before and after; the plain text's loss rises significantly.
  const same = verdict(5, 5);
  expect(compressWords.en.finding(same)).toBe(
    'With 1 removal, accuracy stays at 50.0 %. Loss on plain text rises: 3.484 to 3.722 nats.',
  );
  expect(compressWords.ja.finding(same)).toBe(
    '1か所の除去後、正答率は 50.0 % のままです。一般テキストの損失（nat）は 3.484 から 3.722 に上がりました。',
  );
  expect(compressWords.en.sure(same, 10)).toBe(
    'Each of the 10 test samples, which took no part in the scan, is as correct as before.',
  );
  const flat = { ...same, after: { ...same.after, plain: same.before.plain }, plainChange: null };
  for (const language of languages)
    expect(compressWords[language].finding(flat)).not.toMatch(/3\.484.*3\.484/s);
  const figures = { accuracy: 0.8, loss: 4.892 };
  for (const language of languages) {
    const { calibration } = compressWords[language];
    expect(calibration(figures, figures, 0.25)).not.toMatch(/(80\.0 %|4\.892).*\1/s);
    expect(calibration(figures, { accuracy: 0.84, loss: 4.71 }, 0.25)).toMatch(
      /80\.0 %.*84\.0 %.*4\.892.*4\.710/s,
    );
  }
});

it('calls no change significant whose interval contains zero, and no sign of a zero', () => {
  const open = verdict(5, 6);
  expect(open.kind).toBe('open');
  expect(compressWords.en.finding(open)).toContain(
    'accuracy does not change significantly: 50.0 % to 60.0 %',
  );
  const wide = { ...open, plainChange: { mean: 0.238, low: -0.1, high: 0.5 } };
  expect(compressWords.en.finding(wide)).toContain('plain text does not change significantly');
  const nothing = { count: 24, pearson: -0.001, spearman: 0.03 };
  for (const language of languages)
    expect(compressWords[language].scatterFinding(nothing, null)).toMatch(/r = 0\.00/);
});

it('reports correlations over all trials first, with their counts', () => {
  const points = (count: number, measured: (i: number) => number) =>
    Array.from({ length: count }, (_, i) => ({ predicted: i, measured: measured(i) }));
  const tried = defined(agreementOf(points(24, (i) => (i === 23 ? -9 : i % 5))));
  const small = defined(agreementOf(points(12, (i) => 2 * i)));
  expect(tried).toMatchObject({ count: 24 });
  expect(small).toMatchObject({ count: 12, spearman: 1 });
  expect(small.pearson).toBeCloseTo(1, 12);
  expect(tried.pearson).not.toBeCloseTo(tried.spearman, 2);
  for (const language of languages) {
    const { scatterFinding } = compressWords[language];
    expect(scatterFinding(tried, small)).toMatch(/24.*r = .*12.*r = /s);
    expect(scatterFinding(tried, null)).not.toContain('12');
    expect(scatterFinding(null, null)).toBe('');
  }
  expect(agreementOf(points(2, (i) => i))).toBeNull();
  expect(agreementOf(points(5, () => 1))).toBeNull();
});
