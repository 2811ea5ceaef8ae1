/**
 * Positions a card next to its target: right, else left, below or above. The card is always within
 * the window and, if possible, next to the map instead of over it.
 */

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

const GAP = 12;
const EDGE = 8;

/**
 * Returns left and top of a card of this size, in CSS pixels of the window. `target` null: at the
 * lower right. If there is space, the card does not cover `clear`: it moves to the side of `clear`,
 * at the target's height.
 */
export function placeNextTo(
  target: Box | null,
  card: { width: number; height: number },
  viewport: { width: number; height: number },
  clear: Box | null = null,
): { left: number; top: number } {
  const max = {
    left: viewport.width - card.width - EDGE,
    top: viewport.height - card.height - EDGE,
  };
  const within = (left: number, top: number) => ({
    left: Math.max(EDGE, Math.min(left, max.left)),
    top: Math.max(EDGE, Math.min(top, max.top)),
  });
  if (!target) return within(max.left, max.top);
  const places = [
    ...sides(target, card)
      .filter(({ left }) => left >= EDGE && left <= max.left)
      .map(({ left }) => within(left, target.top)),
    ...[target.top + target.height + GAP, target.top - card.height - GAP]
      .filter((top) => top >= EDGE && top <= max.top)
      .map((top) => within(target.left, top)),
  ];
  const clearSides = clear
    ? sides(clear, card)
        .filter(({ left }) => left >= EDGE && left <= max.left)
        .map(({ left }) => within(left, target.top))
    : [];
  return (
    [...places, ...clearSides].find((at) => !clear || !overlap({ ...at, ...card }, clear)) ??
    places[0] ??
    within(max.left, max.top)
  );
}

const sides = (box: Box, card: { width: number }) => [
  { left: box.left + box.width + GAP },
  { left: box.left - card.width - GAP },
];

const overlap = (a: Box, b: Box): boolean =>
  a.left < b.left + b.width &&
  b.left < a.left + a.width &&
  a.top < b.top + b.height &&
  b.top < a.top + a.height;
