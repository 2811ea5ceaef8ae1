import { expect, test } from 'vitest';
import { numbers } from './numbers.ts';

const n = numbers('en');

test('a value that rounds to zero has no sign, others keep theirs', () => {
  expect([-0.004, -0, 0, 0.004, -0.005, -1].map((v) => n.fixed(v, 2))).toEqual([
    '0.00',
    '0.00',
    '0.00',
    '0.00',
    '−0.01',
    '−1.00',
  ]);
  expect([-0.0004, 0.0004, -0.0006, 0.0006].map((v) => n.signed(v, 3))).toEqual([
    '0.000',
    '0.000',
    '−0.001',
    '+0.001',
  ]);
  expect(n.signed(-1000)).toBe('−1,000');
});
