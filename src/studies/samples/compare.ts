/** Compares two texts generated from one prompt: their losses, and where they diverge. */
import { defined } from '../../checked.ts';
import type { SampleToken, Writer } from './state.ts';

/**
 * Nats per token of a text; null for an empty text. `other` is null before the other model has
 * scored the text.
 */
export function lossesOf(
  tokens: readonly SampleToken[],
): { own: number; other: number | null } | null {
  if (tokens.length === 0) return null;
  const mean = (of: (t: SampleToken) => number) =>
    -tokens.reduce((sum, t) => sum + of(t), 0) / tokens.length;
  return {
    own: mean((t) => t.logProbability),
    other: tokens.some((t) => t.other === null) ? null : mean((t) => defined(t.other)),
  };
}

/** Index of the first token that differs; null if none differs so far. */
export function firstDifference({
  base,
  adapted,
}: Record<Writer, readonly SampleToken[]>): number | null {
  const at = base.findIndex((token, i) => adapted[i] !== undefined && adapted[i].id !== token.id);
  return at < 0 ? null : at;
}
