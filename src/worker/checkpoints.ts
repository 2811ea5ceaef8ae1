/**
 * Saves checkpoints of studies in the browser's database (IndexedDB), from which studies resume
 * after a reload, a lost device or a dead worker. A new checkpoint replaces the last in one
 * transaction: if storage is full, the old one remains.
 */
import { AtlasError } from '../errors.ts';
import type { CheckpointPort } from '../studies/checkpoint.ts';

const DATABASE = 'rank-atlas';
const STORE = 'checkpoints';
/** Maximum number of saved checkpoints and bases; the oldest are deleted. */
const MAX_CHECKPOINTS = 6;
/**
 * Minimum milliseconds between two saves, and the maximum fraction of a study's time that saving
 * may take.
 */
const INTERVAL = 5000;
const SHARE = 0.05;

interface StoredCheckpoint {
  key: string;
  at: number;
  checkpoint: unknown;
}

/** The database. Without one, nothing is saved. */
export class CheckpointStore {
  private readonly factory: IDBFactory | undefined;
  private opened: Promise<IDBDatabase> | null = null;

  constructor(factory: IDBFactory | undefined) {
    this.factory = factory;
  }

  /** Undefined if there is no such checkpoint or if storage is not allowed. */
  async load(key: string): Promise<unknown> {
    try {
      return (
        await this.within<StoredCheckpoint | undefined>('readonly', (store) => store.get(key))
      )?.checkpoint;
    } catch {
      return undefined;
    }
  }

  /** Throws `no-room` and leaves the old checkpoint unchanged. */
  async save(key: string, checkpoint: unknown): Promise<void> {
    try {
      await this.within('readwrite', (store) => {
        const put = store.put({ key, at: Date.now(), checkpoint } satisfies StoredCheckpoint);
        const old = store.index('at').getAllKeys();
        old.onsuccess = () =>
          old.result.slice(0, -MAX_CHECKPOINTS).forEach((oldest) => store.delete(oldest));
        return put;
      });
    } catch (cause) {
      const why =
        (cause as DOMException).name === 'QuotaExceededError'
          ? 'its storage is full'
          : 'its storage is not open to this page';
      throw new AtlasError(
        'no-room',
        { size: `${(sizeOf(checkpoint) / 1e6).toFixed(1)} MB`, why },
        { cause },
      );
    }
  }

  async remove(key: string): Promise<void> {
    // If the database is not reachable, nothing was saved either.
    await this.within('readwrite', (store) => store.delete(key)).catch(() => undefined);
  }

  private async within<T>(
    mode: IDBTransactionMode,
    ask: (store: IDBObjectStore) => IDBRequest,
  ): Promise<T> {
    const transaction = (await (this.opened ??= this.open())).transaction(STORE, mode);
    const request = ask(transaction.objectStore(STORE));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(request.result as T);
      transaction.onabort = () =>
        reject(transaction.error ?? request.error ?? new Error('the transaction was given up'));
    });
  }

  private open(): Promise<IDBDatabase> {
    return new Promise((resolve, reject) => {
      if (!this.factory) throw new Error('no database here');
      const request = this.factory.open(DATABASE, 1);
      request.onupgradeneeded = () =>
        request.result.createObjectStore(STORE, { keyPath: 'key' }).createIndex('at', 'at');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error ?? new Error('the database does not open'));
    });
  }
}

/** Bytes of the numbers in a value. */
function sizeOf(value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (typeof value !== 'object' || value === null) return 8;
  return Object.values(value).reduce((sum: number, v) => sum + sizeOf(v), 0);
}

/** What the caller of a study does with its checkpoints. */
export type RunCheckpoint = CheckpointPort & Pick<CheckpointWriter, 'between' | 'save' | 'forget'>;

/** Checkpoints of a run that are not stored. `from`: the checkpoint to resume from. */
export function unsaved(from: unknown): RunCheckpoint {
  const nothing = async () => undefined;
  return { from, offer: () => undefined, between: nothing, save: nothing, forget: nothing };
}

/**
 * The checkpoints of one study during its run. The caller invokes `between` after every event,
 * before it requests the next.
 */
export class CheckpointWriter implements CheckpointPort {
  readonly from: unknown;
  private readonly store: CheckpointStore;
  private readonly key: string;
  /** Called once if no checkpoint can be saved. */
  private warn: ((error: AtlasError) => void) | null;
  private take: (() => Promise<unknown>) | null = null;
  private next = performance.now() + INTERVAL;
  private ended = false;
  private saved: unknown;
  private saving: Promise<void> = Promise.resolve();

  private constructor(
    store: CheckpointStore,
    key: string,
    from: unknown,
    warn: (error: AtlasError) => void,
  ) {
    this.store = store;
    this.key = key;
    this.from = from;
    this.warn = warn;
  }

  static async open(
    store: CheckpointStore,
    key: string,
    warn: (error: AtlasError) => void,
  ): Promise<CheckpointWriter> {
    return new CheckpointWriter(store, key, await store.load(key), warn);
  }

  offer(take: () => Promise<unknown>): void {
    this.take = take;
  }

  /** Saves a checkpoint if the last one is old enough, and waits for a save in progress. */
  async between(): Promise<void> {
    if (performance.now() >= this.next) void this.save();
    await this.saving;
  }

  /** Saves a checkpoint. A study that has not offered one yet has nothing to lose. */
  save(): Promise<void> {
    return (this.saving = this.saving.then(async () => {
      if (!this.take || this.ended) return;
      const start = performance.now();
      try {
        const checkpoint = await this.take();
        // An identical checkpoint is already saved.
        // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- ended meanwhile
        if (!this.ended && checkpoint !== this.saved) await this.store.save(this.key, checkpoint);
        this.saved = checkpoint;
      } catch (error) {
        // The device may be lost during the save. The study then resumes from the previous
        // checkpoint.
        if (error instanceof AtlasError && error.code === 'no-room') this.warn?.(error);
        this.warn = null;
      }
      this.next = performance.now() + Math.max(INTERVAL, (performance.now() - start) / SHARE);
    }));
  }

  /** Deletes the checkpoint: the study is done or starts from the beginning. */
  async forget(): Promise<void> {
    this.ended = true;
    await this.saving;
    await this.store.remove(this.key);
  }
}
