/** Words about the methods a map is measured by, in English. */
import type { Counts } from '../studies/map/draws.ts';
import type { MethodName } from '../spec/spec.ts';
import { numbers } from '../language/numbers.ts';

const n = numbers('en');
const s = (count: number) => (count === 1 ? '' : 's');
const passes = (count: number) => `${n.whole(count)} pass${count === 1 ? '' : 'es'}`;
const repeats = (count: number) => `${n.whole(count)} repeat${s(count)}`;

export type StageKind = 'pass' | 'repeat';

export const methodsEn = {
  names: { adarank: 'AdaRank', jacobian: 'Jacobian', combined: 'Combined' } as Record<
    MethodName,
    string
  >,
  what: {
    adarank: 'Shakes each module and compares predictions.',
    jacobian: 'Backward passes tell what shaking would do, to first order.',
    combined: 'Backward passes and a real shake, weighted.',
  } as Record<MethodName, string>,
  /** Until this machine has measured it. */
  pace: { adarank: 'slowest', jacobian: 'quickest', combined: 'between' } as Record<
    MethodName,
    string
  >,
  kind: (kind: StageKind, count: number) => (kind === 'pass' ? passes(count) : repeats(count)),
  counts: (c: Counts) =>
    [
      ...(c.passes > 0 ? [passes(c.passes)] : []),
      ...(c.repeats > 0 || c.passes === 0 ? [repeats(c.repeats)] : []),
    ].join(' and '),
  next: (modules: number, c: Counts) =>
    `Play ${[...(c.passes > 0 ? [`makes ${n.whole(c.passes)} backward pass${c.passes === 1 ? '' : 'es'}`] : []), ...(c.repeats > 0 ? [`shakes ${n.whole(modules)} modules, ${repeats(c.repeats)}`] : [])].join(', then ')}.`,
  at: (kind: StageKind, at: number, of: number) => `${kind} ${at} of ${of}`,
  pausedPass: (at: number, of: number) => `Paused after pass ${at} of ${of}`,
  stepPass: 'Step makes the next pass.',
  finishingPasses: 'The passes under way are being finished.',
  passing: 'Back through the model.',
  passes: 'Passes',
  axis: 'passes',
  shakes: 'Repeats',
  over: 'Signs over',
  whole: 'Whole sequences',
  token: 'One token at a time',
  why: {
    over: 'One token at a time costs a pass for every token and loses nothing where tokens differ.',
  },
  /** Beside the ranges: what they hold. */
  ranges: ({ name }: { name: MethodName }) =>
    ({
      adarank: '',
      jacobian:
        'Ranges are over random signs: what strong noise does beyond first order is not in them.',
      combined: 'Ranges allow for an error of either part.',
    })[name],
  firstOrder: 'To first order, over random signs.',
  predicts: (value: string) =>
    `To first order, shaking these weights moves the prediction by ${value}.`,
  both: (value: string) => `Passes and real shakes together: the prediction moves by ${value}.`,
  shaken: (value: string) => `Shaken here once, it moves by ${value}:`,
  all: 'the map',
  rule: (r: { mean: string; multiple: string; rank: number }) =>
    `importance ${r.mean}: ${r.multiple} × the mean module, so rank ${r.rank}`,
  allWhy: {
    jacobian: {
      text: 'The gradient of randomly signed logits has, on average, the size that decides how far noise moves them. Nothing is shaken.',
      source: 'docs/jacobian.md; src/methods/jacobian.ts',
    },
    combined: {
      text: 'The backward passes err a little where noise is strong, a single shake by chance. Each weighs as much as it is sure.',
      source: 'docs/jacobian.md; src/methods/combined.ts',
    },
  },
};
