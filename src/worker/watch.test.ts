import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { announceWhile, announcedBlocking, SILENT_READING, SILENT_TOKENS, Watch } from './watch.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a watched worker', () => {
  const watched = () => {
    const stuck: number[] = [];
    return { stuck, watch: new Watch((seconds) => stuck.push(seconds)) };
  };

  test('is stuck after the announced silence, and is reported once', () => {
    const { stuck, watch } = watched();
    watch.announced(10);
    vi.advanceTimersByTime(9_900);
    expect(stuck).toEqual([]);
    vi.advanceTimersByTime(200);
    expect(stuck).toEqual([10]);
    vi.advanceTimersByTime(60_000);
    expect(stuck).toEqual([10]);
  });

  test('is not stuck while it announces again', () => {
    const { stuck, watch } = watched();
    for (let i = 0; i < 20; i++) {
      watch.announced(10);
      vi.advanceTimersByTime(9_000);
    }
    expect(stuck).toEqual([]);
  });

  test('may be silent without limit if it announced none', () => {
    const { stuck, watch } = watched();
    vi.advanceTimersByTime(1e6);
    watch.announced(10);
    watch.announced(null);
    vi.advanceTimersByTime(1e6);
    expect(stuck).toEqual([]);
  });

  test('is not charged for time that the machine slept', () => {
    const { stuck, watch } = watched();
    watch.announced(10);
    vi.setSystemTime(Date.now() + 3_600_000); // one hour on the clock without a timer tick
    vi.advanceTimersByTime(5_000);
    expect(stuck).toEqual([]);
  });
});

describe('a worker announces', () => {
  test('blocking work before and after it, also if it throws', () => {
    const announced: (number | null)[] = [];
    const blocking = announcedBlocking((seconds) => announced.push(seconds));
    expect(blocking(() => announced.length)).toBe(1);
    expect(announced).toEqual([SILENT_TOKENS, null]);
    expect(() =>
      blocking(() => {
        throw new Error('refused');
      }),
    ).toThrow('refused');
    expect(announced).toEqual([SILENT_TOKENS, null, SILENT_TOKENS, null]);
  });

  test('the reading of a model every second until it ends', async () => {
    const announced: (number | null)[] = [];
    let arrive!: () => void;
    const reading = announceWhile(
      (seconds) => announced.push(seconds),
      () =>
        new Promise<void>((resolve) => {
          arrive = resolve;
        }),
    );
    await vi.advanceTimersByTimeAsync(600_000);
    expect(announced).toEqual(Array.from({ length: 601 }, () => SILENT_READING));
    arrive();
    await reading;
    expect(announced.at(-1)).toBeNull();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(announced).toHaveLength(602);
  });
});
