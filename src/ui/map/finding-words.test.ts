/** The sentences of the finding, with numbers that would break them. */
import { expect, test } from 'vitest';
import { elementAt } from '../../checked.ts';
import { en } from '../../words/en.ts';
import { ja } from '../../words/ja.ts';
import type { Finding } from '../../studies/map/finding.ts';
import { defaultSpec } from '../../experiment/schema.ts';
import { rankTable } from '../../studies/map/rank-table.ts';
import { findingWords } from './Finding.tsx';

const modules = Array.from({ length: 8 }, (_, layer) => ({
  path: `${layer}`,
  layer,
  role: 'down',
  group: 'mlp',
  inFeatures: 512,
  outFeatures: 192,
}));
const { rows } = rankTable(
  { modules, draws: modules.map((_, i) => (i === 0 ? [9, 9.1, 8.9] : [1, 1.1, 0.9])) },
  defaultSpec().allocation,
);
const say = (finding: Finding, words = en, meanRank = 1) =>
  findingWords(words, finding, { rows, layers: 8, meanRank });
const share = { share: 0.69, low: 0.62, high: 0.71, uniform: 0.5 };
const layers = (...bands: [number, number][]): Finding => ({
  kind: 'layers',
  bands: bands.map(([first, last]) => ({ first, last })),
  ...share,
});

test.each([
  [layers([4, 7]), 'Rank belongs late: layers 4–7 get 69\u00a0% of the ranks.'],
  [layers([0, 1]), 'Rank belongs early: layers 0–1 get 69\u00a0% of the ranks.'],
  [layers([3, 3]), 'Rank belongs early: layer 3 gets 69\u00a0% of the ranks.'],
  [layers([2, 5]), 'Rank belongs in the middle: layers 2–5 get 69\u00a0% of the ranks.'],
  [
    layers([0, 0], [5, 7]),
    'Rank belongs at both ends: layers 0 and 5–7 get 69\u00a0% of the ranks.',
  ],
  [
    { kind: 'role', role: 'down', ...share },
    'Rank belongs in down: it gets 69\u00a0% of the ranks.',
  ],
  [
    { kind: 'hot', module: elementAt(modules, 0), ...share },
    'One hot spot: layer 0 down gets 69\u00a0% of the ranks.',
  ],
  [
    { kind: 'flat', share: 0.06, low: 0.04, high: 0.08 },
    'The map is nearly flat: moving 6\u00a0% of the ranks makes them uniform.',
  ],
  [{ kind: 'none' }, 'No pattern of the ranks is significant.'],
] as [Finding, string][])('%j is named', (finding, title) => {
  expect(say(finding).title).toBe(title);
  expect(say(finding, ja as unknown as typeof en).title).toMatch(/ランク/);
});

test('the interval is at the mean rank, and the largest rank is named even outside the pattern', () => {
  expect(say(layers([4, 7])).sure).toMatch(
    /^At mean rank 1, 95 %: 62 to 71\u00a0%; uniform: 50 %\. Largest rank: layer 0 down, \d+–\d+\.$/,
  );
  expect(say({ kind: 'hot', module: elementAt(modules, 0), ...share }).sure).not.toContain(
    'Largest',
  );
  expect(say({ kind: 'flat', share: 0.06, low: 0.04, high: 0.08 }).sure).not.toContain('uniform');
});

test('a share and its interval have the same decimals, so that the interval contains it as printed', () => {
  const narrow: Finding = {
    kind: 'layers',
    bands: [{ first: 4, last: 7 }],
    share: 0.6349,
    low: 0.6312,
    high: 0.6451,
    uniform: 1 / 30,
  };
  expect(say(narrow).title).toContain('63.5\u00a0%');
  expect(say(narrow).sure).toContain('63.1 to 64.5\u00a0%; uniform: 3.3 %.');
});
