/**
 * Chooses the next token: the most likely at temperature 0, else a draw from softmax(logits /
 * temperature), limited to the smallest set of most likely tokens with total probability `topP`
 * (nucleus sampling, Holtzman et al. 2020, arXiv 1904.09751).
 */
import { uniform } from '../device/random.ts';
import { keysOf } from '../device/streams.ts';

/** How the next token is chosen. */
export interface Sampling {
  /** 0: always the most likely token. */
  temperature: number;
  /** In (0, 1]; 1 allows all tokens. */
  topP: number;
  seed: number;
}

/**
 * Returns a function of logits and token index. Index `index` of a generated text uses number
 * `index` of its stream: the same seed and logits choose the same tokens.
 */
export function sampler({
  temperature,
  topP,
  seed,
}: Sampling): (logits: Float32Array, index: number) => number {
  if (temperature === 0) return likeliest;
  const keys = keysOf(seed, 'text');
  return (logits, index) => draw(logits, temperature, topP, uniform(keys, index));
}

/** The token with the largest logit; the first of equals. */
export function likeliest(logits: Float32Array): number {
  let best = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id]! > logits[best]!) best = id;
  return best;
}

/**
 * Inverse transform sampling: the token at which the cumulative probability, most likely first,
 * exceeds `u` of the nucleus; `u` in (0, 1).
 */
function draw(logits: Float32Array, temperature: number, topP: number, u: number): number {
  const max = logits[likeliest(logits)]!;
  const weights = Float64Array.from(logits, (x) => Math.exp((x - max) / temperature));
  const order = Array.from(logits.keys());
  if (topP < 1) order.sort((a, b) => weights[b]! - weights[a]! || a - b);
  const nucleus = topP * weights.reduce((sum, w) => sum + w, 0);
  let mass = 0;
  let count = 0;
  while (count < order.length && (count === 0 || mass < nucleus)) mass += weights[order[count++]!]!;
  let rest = u * mass;
  for (const id of order.slice(0, count)) {
    rest -= weights[id]!;
    if (rest < 0) return id;
  }
  return order[count - 1]!;
}
