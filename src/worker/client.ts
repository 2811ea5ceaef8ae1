/**
 * The page's side of the protocol: promises for requests, callbacks for pushed messages.
 *
 * The picker reads a model in its own worker. If the model is opened, that worker becomes the
 * engine's and the previous worker ends, because only this reliably frees WebAssembly's memory.
 *
 * If a worker dies (out of memory, runtime abort), every open request in it fails with
 * `worker-died`, and the next request starts a new worker. The caller reopens the model and passes
 * the known draws to the run. A stuck worker (`watch.ts`) is ended.
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
  /** The engine's worker died, and the engine is lost. */
  died(): void;
  /** The error for a worker that was stuck for this many seconds and has been ended. */
  blame(stuck: { reading: boolean; seconds: number }): AtlasError;
  /** The engine's worker was stuck and has been ended. */
  stuck(error: AtlasError): void;
}

/** Maximum milliseconds for the current run to save its checkpoint before its worker ends. */
const LEAVING = 5000;

export class EngineClient {
  #engine: Thread | null = null;
  /** Reads the model in the picker. */
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
   * Prepares to open another model, in the worker that has read it or in a new one. Cancels the run
   * in the previous worker, which may save its checkpoint first.
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

  /** Ends the engine's worker. */
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

  /** Releases a worker that has ended. Returns whether it was the engine's. */
  #leave(thread: Thread): boolean {
    if (thread === this.#reader) this.#reader = null;
    if (thread !== this.#engine) return false;
    this.#engine = null;
    return true;
  }

  #receive(message: Pushed, from: Thread): void {
    // Messages of the previous worker concern a model that is no longer open.
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

/** One worker, and its open requests. */
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

  /** Resolves when every currently open request is answered. */
  answered(): Promise<unknown> {
    return Promise.allSettled([...this.#open.values()].map(({ settled }) => settled));
  }

  end(error: AtlasError): void {
    this.#worker.terminate();
    this.#watch.announced(null);
    for (const { reject } of this.#open.values()) reject(error);
    this.#open.clear();
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'silent') return this.#watch.announced(message.seconds);
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
