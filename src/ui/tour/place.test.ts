import fc from 'fast-check';
import { expect, test } from 'vitest';
import { placeNextTo } from './place.ts';

const viewport = { width: 1440, height: 900 };
const card = { width: 300, height: 220 };

test.each([
  ['right of the form', { left: 24, top: 400, width: 256, height: 90 }, { left: 292, top: 400 }],
  [
    'left of the link at the right edge',
    { left: 1200, top: 10, width: 90, height: 32 },
    { left: 888, top: 10 },
  ],
  [
    'below what fills the width',
    { left: 8, top: 60, width: 1424, height: 100 },
    { left: 8, top: 172 },
  ],
  [
    'above what fills the width at the foot',
    { left: 8, top: 700, width: 1424, height: 190 },
    { left: 8, top: 468 },
  ],
  [
    'at the lower right of what fills the window',
    { left: 0, top: 0, width: 1440, height: 900 },
    { left: 1132, top: 672 },
  ],
  ['at the lower right where there is nothing', null, { left: 1132, top: 672 }],
] as const)('stands %s', (_, target, at) =>
  expect(placeNextTo(target, card, viewport)).toEqual(at),
);

test('leaves the map uncovered, at its side', () => {
  const map = { left: 296, top: 126, width: 672, height: 760 };
  const cell = { left: 360, top: 350, width: 56, height: 50 };
  expect(placeNextTo(cell, card, viewport, map)).toEqual({ left: 980, top: 350 });
  expect(placeNextTo({ left: 24, top: 560, width: 256, height: 90 }, card, viewport, map)).toEqual({
    left: 980,
    top: 560,
  });
  expect(placeNextTo(cell, card, { width: 1000, height: 900 }, map)).toEqual({
    left: 428,
    top: 350,
  });
});

test('a card that fits is whole in the window, wherever its target is', () => {
  const any = fc.integer({ min: -2000, max: 3000 });
  const size = fc.integer({ min: 0, max: 2000 });
  fc.assert(
    fc.property(any, any, size, size, (left, top, width, height) => {
      const at = placeNextTo({ left, top, width, height }, card, viewport);
      expect(at.left).toBeGreaterThanOrEqual(8);
      expect(at.top).toBeGreaterThanOrEqual(8);
      expect(at.left + card.width).toBeLessThanOrEqual(viewport.width - 8);
      expect(at.top + card.height).toBeLessThanOrEqual(viewport.height - 8);
    }),
  );
});
