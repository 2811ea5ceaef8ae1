import { expect, test } from 'vitest';
import { figure } from './figures.ts';

test('a figure that rounds to zero has no sign', () => {
  expect([-0.00004, 0.00004, -0.0001, 0.0001, null].map((v) => figure(v, true))).toEqual([
    '0.0000',
    '0.0000',
    '-0.0001',
    '+0.0001',
    '-',
  ]);
});
