import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shared } from './shared.ts';

const lanes = [
  { entry: 'uniform', points: [{ step: 0, loss: 3 }] },
  { entry: 'adarank', points: [{ step: 0, loss: 3 }] },
];

test('unchanged values stay the same objects', () => {
  const before = { spec: { seed: 1 }, lanes };
  const after = structuredClone(before);
  after.lanes[1]?.points.push({ step: 10, loss: 2 });
  const seen = shared(before, after);
  expect(seen).toEqual(after);
  expect(seen.spec).toBe(before.spec);
  expect(seen.lanes[0]).toBe(before.lanes[0]);
  expect(seen.lanes[1]?.points[0]).toBe(before.lanes[1]?.points[0]);
  expect(seen.lanes).not.toBe(before.lanes);
  expect(shared(before, structuredClone(before))).toBe(before);
});

test('is equal to what is new, whatever was before', () => {
  fc.assert(
    fc.property(fc.object(), fc.object(), (a, b) => {
      expect(shared(a, b)).toEqual(b);
      expect(shared(a, structuredClone(a))).toEqual(a);
    }),
  );
});

test('bytes and floats are not compared', () => {
  const now = { values: Float32Array.of(1, 2) };
  expect(shared({ values: Float32Array.of(1, 2) }, now).values).toBe(now.values);
});
