/**
 * Detects a stuck worker. Reading and tokenising take as long as an untrusted file makes them take,
 * and a busy worker answers no message. So the worker first announces how long it may be silent,
 * and the page ends a worker that is silent for longer (`client.ts`). The engine's computation is
 * not watched: slow machines may take any time.
 *
 * The limits allow for machines ten times slower than the one measured. There the largest
 * tokenizers were read in 6 seconds, and a text refused for its steps took at most 3
 * (docs/tokenizers.md).
 */
import { defined } from '../checked.ts';
import type { Blocking } from '../model/tokenizer.ts';

/** Maximum seconds for tokenising one text or reading a tokenizer. */
export const SILENT_TOKENS = 60;
/**
 * Maximum seconds for one step of reading a model. Reading has many steps, and the worker reports
 * between them.
 */
export const SILENT_READING = 120;

type Announce = (seconds: number | null) => void;

/** Announces the silence before some work, and its end afterwards. */
export const announcedBlocking =
  (announce: Announce): Blocking =>
  (work) => {
    announce(SILENT_TOKENS);
    try {
      return work();
    } finally {
      announce(null);
    }
  };

/**
 * Reports every second while a model is read, including while it waits for files, which may take
 * long.
 */
export async function announceWhile<T>(announce: Announce, work: () => Promise<T>): Promise<T> {
  const beat = () => announce(SILENT_READING);
  beat();
  const beating = setInterval(beat, 1000);
  try {
    return await work();
  } finally {
    clearInterval(beating);
    announce(null);
  }
}

/**
 * The page's side: counts the seconds of a worker's silence. It counts timer ticks and not clock
 * time, so that a sleeping machine or a throttled tab does not count as silence.
 */
export class Watch {
  private left: number | null = null;
  private ticking: ReturnType<typeof setInterval> | undefined;
  private readonly stuck: (seconds: number) => void;

  constructor(stuck: (seconds: number) => void) {
    this.stuck = stuck;
  }

  /** The worker announced how long it may be silent from now on; null: no limit. */
  announced(seconds: number | null): void {
    clearInterval(this.ticking);
    this.left = seconds;
    if (seconds === null) return;
    this.ticking = setInterval(() => {
      this.left = defined(this.left) - 1;
      if (this.left > 0) return;
      this.announced(null);
      this.stuck(seconds);
    }, 1000);
  }
}
