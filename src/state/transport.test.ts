import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buttons, can, next, type Phase, type TransportAction } from './transport.ts';

const run = (...actions: TransportAction[]) => actions.reduce(next, 'loading' as Phase);
const phases: Phase[] = [
  'loading',
  'empty',
  'idle',
  'running',
  'paused',
  'done',
  'stopped',
  'recorded',
];
const actions: TransportAction[] = [
  'load',
  'opened',
  'open-failed',
  'no-engine',
  'play',
  'pause',
  'step',
  'reset',
  'finished',
  'failed',
  'stopped',
  'restore-whole',
  'restore-part',
];

describe('a visit', () => {
  test('loads, measures and is done', () => expect(run('opened', 'play', 'finished')).toBe('done'));
  test('pauses, steps and goes on', () =>
    expect(run('opened', 'play', 'pause', 'step', 'play', 'finished')).toBe('done'));
  test('steps from the start without ever running', () =>
    expect(run('opened', 'step', 'step')).toBe('paused'));
  test('resets in the middle', () => expect(run('opened', 'play', 'reset')).toBe('idle'));
  test('waits for a decision after the engine died twice, and can load again', () =>
    expect(run('opened', 'play', 'stopped', 'load', 'opened', 'restore-part')).toBe('paused'));
  test('opens a model after none could be opened', () =>
    expect(run('open-failed', 'load', 'opened', 'play')).toBe('running'));
});

test('whatever is pressed, Play works only where there is something to play', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...actions)), fc.boolean(), (pressed, more) => {
      const phase = run(...pressed);
      const b = buttons(phase, more);
      expect(phases).toContain(phase);
      if (b.play) expect(can(phase, b.playing ? 'pause' : 'play')).toBe(true);
      if (b.step) expect(can(phase, 'step')).toBe(true);
      if (b.reset) expect(can(phase, 'reset')).toBe(true);
      expect(b.playing && b.step).toBe(false);
    }),
  );
});

test('no state is a dead end: from every one a model can be loaded, or is being loaded', () => {
  for (const phase of phases) expect(phase === 'loading' || can(phase, 'load')).toBe(true);
});
