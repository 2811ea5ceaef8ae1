import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { hasShared, sharedPath } from '../../../test/shared.ts';
import { fillNormal, streamKeys } from '../../device/random.ts';
import { findingOf } from './finding.ts';
import type { MeasuredModule } from './result.ts';

const roles = ['q', 'k', 'v', 'o', 'gate', 'up', 'down'];
const modules: MeasuredModule[] = Array.from({ length: 56 }, (_, i) => ({
  path: `${i}`,
  layer: Math.floor(i / 7),
  role: elementAt(roles, i % 7),
  group: i % 7 < 4 ? 'attention' : 'mlp',
  inFeatures: 64,
  outFeatures: 64,
}));

/** Log-normal draws around a level per module, as AdaRank's are. */
const measured = (
  level: (m: MeasuredModule) => number,
  seed: number,
  repeats = 5,
  spread = 0.5,
) => ({
  modules,
  draws: modules.map((m, i) =>
    Array.from(
      fillNormal(streamKeys(seed, i, 0), new Float32Array(repeats)),
      (z) => level(m) * Math.exp(spread * z),
    ),
  ),
});

test('nothing is claimed before three sweeps', () => {
  expect(findingOf(measured((m) => (m.layer > 5 ? 9 : 1), 1, 2))).toBeNull();
});

test('a band of layers, with its share', () => {
  const finding = defined(findingOf(measured((m) => (m.layer >= 5 ? 3 : 1), 1)));
  expect(finding).toMatchObject({ kind: 'band', first: 5, last: 7, uniform: 3 / 8 });
  if (finding.kind !== 'band') return;
  expect(finding.share).toBeCloseTo(9 / 14, 1);
  expect(finding.low).toBeLessThan(finding.share);
  expect(finding.low).toBeGreaterThan(finding.uniform);
});

test('a role, where layers are alike', () => {
  const finding = defined(findingOf(measured((m) => (m.role === 'down' ? 2 : 1), 3)));
  expect(finding).toMatchObject({ kind: 'role', role: 'down' });
  if (finding.kind === 'role') expect(Math.abs(finding.multiple - 14 / 8)).toBeLessThan(0.35);
});

test('in noise alone a pattern is found at most about as often as 95 % intervals may err', () => {
  let found = 0;
  let naive = 0;
  for (let seed = 0; seed < 400; seed++) {
    const m = measured(() => 1, seed);
    if (defined(findingOf(m)).kind !== 'none') found++;
    // A test of the choice on its own values would find a pattern: the best module type is always
    // high.
    const means = roles.map((r) =>
      m.draws
        .flatMap((d, i) => (elementAt(modules, i).role === r ? d : []))
        .reduce((a, b) => a + b, 0),
    );
    if (Math.max(...means) / (means.reduce((a, b) => a + b, 0) / 7) > 1.1) naive++;
  }
  expect(found / 400).toBeLessThan(0.08);
  expect(naive / 400).toBeGreaterThan(0.3);
});

test('one layer, one role: none', () => {
  const one = [0, 1].map((i) => ({ ...elementAt(modules, 0), path: `${i}` }));
  expect(
    findingOf({
      modules: one,
      draws: [
        [1, 2, 3],
        [4, 5, 6],
      ],
    }),
  ).toEqual({ kind: 'none' });
});

describe.skipIf(!hasShared)('on the SmolLM2 reference', () => {
  test('a pattern is there, though not a late one', () => {
    const reference = JSON.parse(
      readFileSync(sharedPath('reference/smollm2/adarank.json'), 'utf8'),
    );
    const entries = Object.entries<{ values: number[] }>(reference.modules);
    const finding = defined(
      findingOf({
        modules: entries.map(([path], i) => ({
          path,
          layer: Math.floor(i / 7),
          role: elementAt(roles, i % 7),
          group: '',
          inFeatures: 576,
          outFeatures: 576,
        })),
        draws: entries.map(([, m]) => m.values),
      }),
    );
    expect(finding.kind).not.toBe('none');
    if (finding.kind === 'band') expect(finding.first).toBeLessThan(15);
  });
});
