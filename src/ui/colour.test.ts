import { describe, expect, test } from 'vitest';
import { defined } from '../checked.ts';
import { palette, scaleEnd } from './colour.ts';

const luminance = (bytes: readonly number[]) => {
  const [r, g, b] = bytes.map((c) => {
    const s = c / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * defined(r) + 0.7152 * defined(g) + 0.0722 * defined(b);
};

describe.each([
  ['light', false],
  ['dark', true],
] as const)('%s ramps', (_, isDark) => {
  test.each(['sequential', 'diverging'] as const)(
    '%s: numerals are readable on every shade',
    (name) => {
      for (let i = 0; i <= 200; i++) {
        const shade = palette(isDark)[name](i / 200);
        const y = luminance(shade.bytes);
        const contrast = shade.ink === '#000' ? (y + 0.05) / 0.05 : 1.05 / (y + 0.05);
        expect(contrast).toBeGreaterThanOrEqual(4.5);
      }
    },
  );

  test('the sequential ramp only ever moves away from the paper', () => {
    const ys = Array.from({ length: 50 }, (_, i) =>
      luminance(palette(isDark).sequential(i / 49).bytes),
    );
    const signs = ys.slice(1).map((y, i) => Math.sign(y - ys[i]!));
    expect(new Set(signs)).toEqual(new Set([isDark ? 1 : -1]));
  });
});

test('stops come out as they went in, and the ends are clamped', () => {
  const { sequential } = palette(false);
  expect(sequential(0).bytes).toEqual([0xe6, 0xf4, 0xed]);
  expect(sequential(1).bytes).toEqual([0x1c, 0x1a, 0x46]);
  expect(sequential(7)).toEqual(sequential(1));
});

test('the scale grows in steps', () => {
  expect([0.5, 2, 2.01, 3.9, 5, 7, 11, 40].map(scaleEnd)).toEqual([4, 4, 4, 4, 6, 8, 12, 12]);
});
