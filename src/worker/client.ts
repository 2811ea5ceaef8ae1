/**
 * The page's end of the wire: promises for requests, callbacks for what is pushed.
 *
 * If the thread dies (out of memory, runtime abort) every open request fails with `worker-died`, and the next
 * request starts a fresh thread; the caller reopens its model and hands the run the draws it already has.
 */
import { AtlasError } from '../errors.ts';
import type { FromWorker, Progress, RequestName, Requests, ToWorker } from './protocol.ts';

export interface ClientEvents {
  progress(progress: Progress): void;
  events(message: Extract<FromWorker, { kind: 'events' }>): void;
  study(message: Extract<FromWorker, { kind: 'study' }>): void;
  base(making: Extract<FromWorker, { kind: 'base' }>['making']): void;
  tested(checks: Extract<FromWorker, { kind: 'tested' }>['checks']): void;
  warning(error: AtlasError): void;
  /** The thread died; nothing of the engine is left. */
  died(reason: string): void;
}

export class EngineClient {
  #worker: Worker | null = null;
  #next = 1;
  #open = new Map<number, { resolve(answer: unknown): void; reject(error: unknown): void }>();
  readonly #handlers: ClientEvents;

  constructor(handlers: ClientEvents) {
    this.#handlers = handlers;
  }

  ask<K extends RequestName>(name: K, ask: Requests[K]['ask']): Promise<Requests[K]['answer']> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve: resolve as (answer: unknown) => void, reject });
      this.#thread().postMessage({ kind: 'ask', id, name, ask } as ToWorker);
    });
  }

  control(action: Extract<ToWorker, { kind: 'control' }>['action']): void {
    this.#worker?.postMessage({ kind: 'control', action } satisfies ToWorker);
  }

  stopReading(): void {
    this.#worker?.postMessage({ kind: 'stop-reading' } satisfies ToWorker);
  }

  /** End the thread: the only sure way to give WebAssembly memory back. */
  terminate(): void {
    this.#worker?.terminate();
    this.#worker = null;
    this.#fail(new AtlasError('cancelled'));
  }

  #thread(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(new URL('./engine.worker.ts', import.meta.url), { type: 'module', name: document.baseURI });
    worker.onmessage = (e: MessageEvent<FromWorker>) => this.#receive(e.data);
    worker.onerror = (e) => {
      e.preventDefault();
      worker.terminate();
      this.#worker = null;
      const reason = e.message || 'the thread ended';
      this.#fail(new AtlasError('worker-died', { why: reason }));
      this.#handlers.died(reason);
    };
    return (this.#worker = worker);
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'progress') return this.#handlers.progress(message.progress);
    if (message.kind === 'events') return this.#handlers.events(message);
    if (message.kind === 'study') return this.#handlers.study(message);
    if (message.kind === 'base') return this.#handlers.base(message.making);
    if (message.kind === 'tested') return this.#handlers.tested(message.checks);
    if (message.kind === 'warning') return this.#handlers.warning(new AtlasError(message.code, message.values));
    const waiting = this.#open.get(message.id);
    if (!waiting) return;
    this.#open.delete(message.id);
    if (message.kind === 'reply') waiting.resolve(message.answer);
    else waiting.reject(new AtlasError(message.code, message.values));
  }

  #fail(error: AtlasError): void {
    for (const { reject } of this.#open.values()) reject(error);
    this.#open.clear();
  }
}
