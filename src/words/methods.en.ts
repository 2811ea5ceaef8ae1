/** English words about the methods that measure a map. */
import type { Counts } from '../studies/map/draws.ts';
import { numbers } from '../language/numbers.ts';
import { methodWords } from './method-words.ts';

const n = numbers('en');
const s = (count: number) => (count === 1 ? '' : 's');
const passes = (count: number) => `${n.whole(count)} pass${count === 1 ? '' : 'es'}`;
const repeats = (count: number) => `${n.whole(count)} repeat${s(count)}`;

export type StageKind = 'pass' | 'repeat';

export const methodsEn = {
  ...methodWords('en'),
  kind: (kind: StageKind, count: number) => (kind === 'pass' ? passes(count) : repeats(count)),
  counts: (c: Counts) =>
    [
      ...(c.passes > 0 ? [passes(c.passes)] : []),
      ...(c.repeats > 0 || c.passes === 0 ? [repeats(c.repeats)] : []),
    ].join(' and '),
  next: (modules: number, c: Counts) =>
    `Play ${[...(c.passes > 0 ? [`runs ${n.whole(c.passes)} backward pass${c.passes === 1 ? '' : 'es'}`] : []), ...(c.repeats > 0 ? [`perturbs ${n.whole(modules)} modules, ${repeats(c.repeats)}`] : [])].join(', then ')}.`,
  at: (kind: StageKind, at: number, of: number) => `${kind} ${at} of ${of}`,
  pausedPass: (at: number, of: number) => `Paused after pass ${at} of ${of}`,
  stepPass: 'Step runs the next pass.',
  finishingPasses: 'Finishing the current passes.',
  passing: 'Running backward passes.',
  axis: 'passes',
  probe: (value: string) => `One probe of this module moves the logits by ${value}:`,
  all: 'the map',
  rule: (r: { mean: string; multiple: string; rank: number }) =>
    `importance ${r.mean}: ${r.multiple} × the mean module, so rank ${r.rank}`,
};
