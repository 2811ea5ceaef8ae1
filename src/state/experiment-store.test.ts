import { beforeEach, describe, expect, test, vi } from 'vitest';
import fc from 'fast-check';
import { elementAt } from '../checked.ts';
import { defaultSpec } from '../experiment/schema.ts';
import { useExperiment } from './experiment-store.ts';
import type { Measurement } from '../studies/map/state.ts';

const state = () => useExperiment.getState();
const seed = (v: number, key = `seed ${v}`) => state().edit((s) => ({ ...s, seed: v }), key);
/** A placeholder for a measurement, which the store only holds. */
const shown = { spec: defaultSpec() } as Measurement;

beforeEach(() => state().replace(defaultSpec()));

describe('undo', () => {
  test('takes settings back one by one and redo brings them again', () => {
    seed(2);
    seed(3);
    state().travel('undo', null);
    expect(state().spec.seed).toBe(2);
    state().travel('undo', null);
    expect(state().spec.seed).toBe(1);
    expect(state().travel('undo', null)).toBeUndefined();
    state().travel('redo', null);
    state().travel('redo', null);
    expect(state().spec.seed).toBe(3);
  });

  test('a new edit forgets what was undone', () => {
    seed(2);
    state().travel('undo', null);
    seed(5);
    state().travel('redo', null);
    expect(state().spec.seed).toBe(5);
  });

  test('a drag is one step, two drags are two', () => {
    vi.useFakeTimers();
    for (const v of [2, 3, 4]) seed(v, 'slider');
    vi.advanceTimersByTime(2000);
    seed(9, 'slider');
    state().travel('undo', null);
    expect(state().spec.seed).toBe(4);
    state().travel('undo', null);
    expect(state().spec.seed).toBe(1);
    vi.useRealTimers();
  });

  test('Reset comes back with its view, and goes again', () => {
    state().recordReset(shown);
    expect(state().travel('undo', null)).toBe(shown);
    expect(state().travel('redo', shown)).toBeNull();
    expect(state().travel('undo', null)).toBe(shown);
  });

  test('a setting changed after a Reset is undone without touching the view', () => {
    state().recordReset(shown);
    seed(2);
    expect(state().travel('undo', null)).toBeUndefined();
    expect(state().travel('undo', null)).toBe(shown);
  });

  test('measurements held for undo stay few, however often the view is emptied', () => {
    for (let i = 0; i < 50; i++) {
      seed(i, String(i));
      state().recordReset({ ...shown });
    }
    expect(state().past.filter((step) => step.shown)).toHaveLength(10);
    expect(elementAt(state().past, -1).shown).toBeTruthy();
  });

  test('what does not change anything is no step', () => {
    seed(1);
    expect(state().past).toEqual([]);
  });

  test('any edits undone in full leave the start, redone in full the end', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 30 }), (seeds) => {
        state().replace(defaultSpec());
        seeds.forEach((v, i) => seed(v, String(i)));
        const end = state().spec;
        while (state().past.length) state().travel('undo', null);
        expect(state().spec).toEqual(defaultSpec());
        while (state().future.length) state().travel('redo', null);
        expect(state().spec).toEqual(end);
      }),
    );
  });
});
