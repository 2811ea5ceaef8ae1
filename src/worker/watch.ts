/**
 * Files of others decide how long it takes to read them and to cut a text into tokens, and a thread
 * that is at it answers nobody. So it says before how long it may be silent; the page gives up a
 * thread that is silent for longer (`client.ts`). What the engine computes is not watched: on a
 * slow machine that takes as long as it takes.
 *
 * The limits are for machines ten times slower than ours: there the largest tokenizers were read in
 * 6 seconds, and none that was refused for its steps took more than 3 (docs/tokenizers.md).
 */
import { defined } from '../checked.ts';
import type { Blocking } from '../model/tokenizer.ts';

/** Seconds that cutting one text into tokens may take, or reading a tokenizer. */
export const SILENT_TOKENS = 60;
/**
 * Seconds that a step of reading a model may take; it has many, and between them the thread is
 * heard.
 */
export const SILENT_READING = 120;

type Say = (seconds: number | null) => void;

/** Says before and after some work that the thread is silent meanwhile. */
export const saidToBlock =
  (say: Say): Blocking =>
  (work) => {
    say(SILENT_TOKENS);
    try {
      return work();
    } finally {
      say(null);
    }
  };

/**
 * Lets itself be heard every second while a model is read; also while it waits for files, which may
 * take long.
 */
export async function heardWhile<T>(say: Say, work: () => Promise<T>): Promise<T> {
  const beat = () => say(SILENT_READING);
  beat();
  const beating = setInterval(beat, 1000);
  try {
    return await work();
  } finally {
    clearInterval(beating);
    say(null);
  }
}

/**
 * The page's end: counts the seconds of a thread's silence. Turns of a timer are counted rather
 * than a clock read, so that a machine that slept, or a tab that was slowed down, blames nobody.
 */
export class Watch {
  private left: number | null = null;
  private ticking: ReturnType<typeof setInterval> | undefined;
  private readonly stuck: (seconds: number) => void;

  constructor(stuck: (seconds: number) => void) {
    this.stuck = stuck;
  }

  /** The thread said how long it may be silent from now on. */
  said(seconds: number | null): void {
    clearInterval(this.ticking);
    this.left = seconds;
    if (seconds === null) return;
    this.ticking = setInterval(() => {
      this.left = defined(this.left) - 1;
      if (this.left > 0) return;
      this.said(null);
      this.stuck(seconds);
    }, 1000);
  }
}
