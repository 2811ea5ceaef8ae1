/**
 * The page's end of the wire: promises for requests, callbacks for what is pushed.
 *
 * A model that is only looked at is read in a thread of its own. Where it is opened, that thread
 * becomes the engine's, and the one before ends: the only sure way to give WebAssembly's memory
 * back.
 *
 * If a thread dies (out of memory, runtime abort) every request open in it fails with
 * `worker-died`, and the next request starts a fresh one; the caller reopens its model and hands
 * the run the draws it already has. A thread that is stuck (`watch.ts`) is ended.
 */
import { AtlasError } from '../errors.ts';
import type {
  FromWorker,
  Progress,
  RequestName,
  Requests,
  StudyNews,
  ToWorker,
} from './protocol.ts';
import { Watch } from './watch.ts';

export interface ClientEvents {
  progress(progress: Progress): void;
  study(news: StudyNews): void;
  base(making: Extract<FromWorker, { kind: 'base' }>['making']): void;
  tested(checks: Extract<FromWorker, { kind: 'tested' }>['checks']): void;
  warning(error: AtlasError): void;
  /** The engine's thread died; nothing of the engine is left. */
  died(): void;
  /** What to say of a thread that was stuck for so many seconds and has been ended. */
  blame(stuck: { reading: boolean; seconds: number }): AtlasError;
  /** The engine's thread was stuck, and has been ended. */
  stuck(error: AtlasError): void;
}

/**
 * As long as what is under way may take to leave its checkpoint before its thread ends, in
 * milliseconds.
 */
const LEAVING = 5000;

export class EngineClient {
  #engine: Thread | null = null;
  /** Reads the model that is looked at. */
  #reader: Thread | null = null;
  readonly #handlers: ClientEvents;

  constructor(handlers: ClientEvents) {
    this.#handlers = handlers;
  }

  ask<K extends RequestName>(name: K, ask: Requests[K]['ask']): Promise<Requests[K]['answer']> {
    const thread =
      name === 'inspect' ? (this.#reader ??= this.#thread()) : (this.#engine ??= this.#thread());
    return thread.ask(name, ask);
  }

  control(action: Extract<ToWorker, { kind: 'control' }>['action']): void {
    this.#engine?.post({ kind: 'control', action });
  }

  stopReading(): void {
    this.#reader?.post({ kind: 'stop-reading' });
  }

  /**
   * Another model is to be opened: in the thread that has read it, or a fresh one. What runs in the
   * one before is called off, and may leave its checkpoint.
   */
  async changeModel(): Promise<void> {
    const before = this.#engine;
    this.#engine = this.#reader;
    this.#reader = null;
    if (!before) return;
    before.post({ kind: 'control', action: 'cancel' });
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([
      before.answered(),
      new Promise((resolve) => {
        timer = setTimeout(resolve, LEAVING);
      }),
    ]);
    clearTimeout(timer);
    before.end(new AtlasError('cancelled'));
  }

  /** End the engine's thread. */
  terminate(): void {
    this.#engine?.end(new AtlasError('cancelled'));
    this.#engine = null;
  }

  #thread(): Thread {
    const thread: Thread = new Thread({
      pushed: (message) => this.#receive(message, thread),
      died: () => {
        if (this.#leave(thread)) this.#handlers.died();
      },
      stuck: (seconds) => {
        const error = this.#handlers.blame({ reading: thread === this.#reader, seconds });
        const ofEngine = this.#leave(thread);
        thread.end(error);
        if (ofEngine) this.#handlers.stuck(error);
      },
    });
    return thread;
  }

  /** Lets go of a thread that is no more; whether it was the engine's. */
  #leave(thread: Thread): boolean {
    if (thread === this.#reader) this.#reader = null;
    if (thread !== this.#engine) return false;
    this.#engine = null;
    return true;
  }

  #receive(message: Pushed, from: Thread): void {
    // What the thread before still says is of a model that is not open any more.
    if (from !== this.#engine && from !== this.#reader) return;
    if (message.kind === 'progress') this.#handlers.progress(message.progress);
    else if (message.kind === 'study') this.#handlers.study(message);
    else if (message.kind === 'base') this.#handlers.base(message.making);
    else if (message.kind === 'tested') this.#handlers.tested(message.checks);
    else this.#handlers.warning(new AtlasError(message.code, message.values));
  }
}

type Pushed = Exclude<FromWorker, { kind: 'reply' | 'failed' | 'silent' }>;

interface ThreadEvents {
  pushed(message: Pushed): void;
  died(): void;
  stuck(seconds: number): void;
}

/** One thread, and the requests that are open in it. */
class Thread {
  readonly #worker: Worker;
  #next = 1;
  #open = new Map<
    number,
    { resolve(answer: unknown): void; reject(error: unknown): void; settled: Promise<unknown> }
  >();
  readonly #events: ThreadEvents;
  readonly #watch: Watch;

  constructor(events: ThreadEvents) {
    this.#events = events;
    this.#watch = new Watch((seconds) => events.stuck(seconds));
    const worker = (this.#worker = new Worker(new URL('./engine.worker.ts', import.meta.url), {
      type: 'module',
      name: document.baseURI,
    }));
    worker.onmessage = (e: MessageEvent<FromWorker>) => this.#receive(e.data);
    worker.onerror = (e) => {
      e.preventDefault();
      this.end(new AtlasError('worker-died', { why: e.message || 'the thread ended' }));
      events.died();
    };
  }

  post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  ask<K extends RequestName>(name: K, ask: Requests[K]['ask']): Promise<Requests[K]['answer']> {
    const id = this.#next++;
    const { promise, resolve, reject } = withResolvers<Requests[K]['answer']>();
    this.#open.set(id, { resolve: resolve as (answer: unknown) => void, reject, settled: promise });
    this.post({ kind: 'ask', id, name, ask } as ToWorker);
    return promise;
  }

  /** When every request that is open now is answered. */
  answered(): Promise<unknown> {
    return Promise.allSettled([...this.#open.values()].map(({ settled }) => settled));
  }

  end(error: AtlasError): void {
    this.#worker.terminate();
    this.#watch.said(null);
    for (const { reject } of this.#open.values()) reject(error);
    this.#open.clear();
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'silent') return this.#watch.said(message.seconds);
    if (message.kind !== 'reply' && message.kind !== 'failed') return this.#events.pushed(message);
    const waiting = this.#open.get(message.id);
    if (!waiting) return;
    this.#open.delete(message.id);
    if (message.kind === 'reply') waiting.resolve(message.answer);
    else waiting.reject(new AtlasError(message.code, message.values));
  }
}

function withResolvers<T>(): {
  promise: Promise<T>;
  resolve(answer: T): void;
  reject(error: unknown): void;
} {
  let resolve!: (answer: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((a, b) => {
    resolve = a;
    reject = b;
  });
  return { promise, resolve, reject };
}
