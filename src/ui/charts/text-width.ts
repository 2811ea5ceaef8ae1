/** Measures text before it is drawn, so that a chart can reserve space. */
import { defined } from '../../checked.ts';

let canvas: CanvasRenderingContext2D | null = null;

/** Width in CSS pixels of the widest of `words`, in the font size of chart text. */
export function textWidth(words: readonly string[], weight: 400 | 600): number {
  const context = (canvas ??= defined(document.createElement('canvas').getContext('2d')));
  const root = getComputedStyle(document.documentElement);
  context.font = `${weight} ${0.857 * parseFloat(root.fontSize)}px ${root.getPropertyValue('--sans')}`;
  return Math.max(0, ...words.map((w) => context.measureText(w).width));
}
