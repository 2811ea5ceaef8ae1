import { expect, test } from 'vitest';
import { figure, range } from '../studies/figures.ts';
import { numbers, unsignedZero, withPlus } from './numbers.ts';

test.each(['en', 'ja'])('a number that prints as zero has no sign (%s)', (locale) => {
  const n = numbers(locale);
  for (const zero of [-0, 0, -0.004, 0.004]) {
    expect(n.fixed(zero, 2)).toBe('0.00');
    expect(n.signed(zero, 2)).toBe('0.00');
  }
  expect(n.whole(-0.4)).toBe('0');
  expect(n.short(-0)).toBe('0');
  expect(n.significant(-0)).toBe('0');
});

test('other numbers have a real minus, and a plus where a sign is asked for', () => {
  const n = numbers('en');
  expect([n.fixed(-0.006, 2), n.signed(-0.006, 2), n.signed(0.006, 2)]).toEqual([
    '−0.01',
    '−0.01',
    '+0.01',
  ]);
  expect(n.signed(1234.5, 1)).toBe('+1,234.5');
});

test('reports print no signed zero either', () => {
  expect(figure(-0.00004)).toBe('0.0000');
  expect(figure(0.00004, true)).toBe('0.0000');
  expect(range({ mean: 0, low: -0.00004, high: 0.5 }, true)).toBe('0.0000 to +0.5000');
  expect([unsignedZero('-0.00'), unsignedZero('-0.01'), withPlus('0.0'), withPlus('−1')]).toEqual([
    '0.00',
    '-0.01',
    '0.0',
    '−1',
  ]);
});

test('a correlation below 1 is not shown as 1', () => {
  const { correlation } = numbers('en');
  expect([0.9972, 1, -0.9972, 0.98, -0.001].map(correlation)).toEqual([
    '0.997',
    '1.00',
    '−0.997',
    '0.98',
    '0.00',
  ]);
});
