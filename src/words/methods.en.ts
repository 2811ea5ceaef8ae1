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
    `Play ${[...(c.passes > 0 ? [`makes ${n.whole(c.passes)} backward pass${c.passes === 1 ? '' : 'es'}`] : []), ...(c.repeats > 0 ? [`shakes ${n.whole(modules)} modules, ${repeats(c.repeats)}`] : [])].join(', then ')}.`,
  at: (kind: StageKind, at: number, of: number) => `${kind} ${at} of ${of}`,
  pausedPass: (at: number, of: number) => `Paused after pass ${at} of ${of}`,
  stepPass: 'Step makes the next pass.',
  finishingPasses: 'The passes under way are being finished.',
  passing: 'Back through the model.',
  axis: 'passes',
  shaken: (value: string) => `Shaken here once, it moves by ${value}:`,
  all: 'the map',
  rule: (r: { mean: string; multiple: string; rank: number }) =>
    `importance ${r.mean}: ${r.multiple} × the mean module, so rank ${r.rank}`,
};
