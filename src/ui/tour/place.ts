/** Where a card stands beside what it speaks of: at the right of it, else left, below, above; always whole in the window. */

export interface Box { left: number; top: number; width: number; height: number }

const GAP = 12, EDGE = 8;

/** Left and top of a card of this size; `target` null: at the lower right. All in CSS pixels of the window. */
export function placeBeside(target: Box | null, card: { width: number; height: number }, room: { width: number; height: number }): { left: number; top: number } {
  const most = { left: room.width - card.width - EDGE, top: room.height - card.height - EDGE };
  const within = (left: number, top: number) => ({ left: Math.max(EDGE, Math.min(left, most.left)), top: Math.max(EDGE, Math.min(top, most.top)) });
  if (!target) return within(most.left, most.top);
  const right = target.left + target.width + GAP, left = target.left - card.width - GAP, below = target.top + target.height + GAP, above = target.top - card.height - GAP;
  if (right <= most.left) return within(right, target.top);
  if (left >= EDGE) return within(left, target.top);
  if (below <= most.top) return within(target.left, below);
  return above >= EDGE ? within(target.left, above) : within(most.left, most.top);
}
