import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buttons, can, next, type Phase, type RunAction } from './run-controls.ts';

const run = (...actions: RunAction[]) => actions.reduce(next, 'idle' as Phase);
const phases: Phase[] = ['idle', 'running', 'paused', 'stopped', 'done'];
const actions: RunAction[] = ['play', 'pause', 'step', 'reset', 'stopped', 'whole', 'part'];

describe('a run', () => {
  test('goes to its end', () => expect(run('play', 'whole')).toBe('done'));
  test('pauses, steps and goes on', () =>
    expect(run('play', 'pause', 'step', 'play', 'whole')).toBe('done'));
  test('steps from the start without ever running', () =>
    expect(run('step', 'step')).toBe('paused'));
  test('is reset in the middle', () => expect(run('play', 'reset')).toBe('idle'));
  test('waits for a decision after the engine died twice, and goes on', () =>
    expect(run('play', 'stopped', 'play')).toBe('running'));
  test('that stopped is neither paused nor stepped', () =>
    expect(run('play', 'stopped', 'pause', 'step')).toBe('stopped'));
});

test('whatever is pressed, Play works only where there is something to play', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...actions)),
      fc.record({ left: fc.boolean(), more: fc.boolean(), seen: fc.boolean() }),
      (pressed, of) => {
        const phase = run(...pressed);
        const b = buttons(phase, of);
        expect(phases).toContain(phase);
        if (b.play) expect(can(phase, b.playing ? 'pause' : 'play')).toBe(true);
        if (b.step) expect(can(phase, 'step') && of.left).toBe(true);
        if (b.reset) expect(can(phase, 'reset') && of.seen).toBe(true);
        expect(b.playing && b.step).toBe(false);
        if (!of.left && !of.more) expect(b.play).toBe(b.playing);
      },
    ),
  );
});

test('no phase is a dead end: Reset leads out of every one', () => {
  for (const phase of phases) expect(next(phase, 'reset')).toBe('idle');
});
