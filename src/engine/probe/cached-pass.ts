/** Implements `CleanPass`: a clean pass and its cached activations. */
import { elements, type Backend, type DeviceTensor } from '../backends/backend.ts';
import type { CleanPass, TokenBatch } from '../engine.ts';
import { ownHandle } from '../handle.ts';

export class CachedPass implements CleanPass {
  readonly backend: Backend;
  readonly batch: TokenBatch;
  /** NaN until it is computed. */
  loss = NaN;
  /** Input of every block, then the input of the head. */
  readonly stream: DeviceTensor[];
  /** The head's cached input. */
  prepared: DeviceTensor;
  /** Inputs and outputs of a layer's products, by the names of its sites, cached at first use. */
  readonly opened = new Map<number, ReadonlyMap<string, DeviceTensor>>();
  /** Bytes of all of the above. */
  bytes: number;
  disposed = false;

  constructor(
    backend: Backend,
    {
      batch,
      stream,
      prepared,
      bytes,
    }: { batch: TokenBatch; stream: DeviceTensor[]; prepared: DeviceTensor; bytes: number },
  ) {
    this.backend = backend;
    this.batch = batch;
    this.stream = stream;
    this.prepared = prepared;
    this.bytes = bytes;
  }

  static from(pass: CleanPass, backend: Backend): CachedPass {
    return ownHandle(CachedPass, pass, backend);
  }

  /**
   * Caches the inputs and outputs of a layer's products. Drops those of other layers if all exceed
   * `maxBytes` bytes.
   */
  open(layer: number, tensors: ReadonlyMap<string, DeviceTensor>, maxBytes: number): void {
    const bytes = bytesOf(tensors);
    if (this.bytes + bytes > maxBytes) this.dropOpened();
    this.opened.set(layer, tensors);
    this.bytes += bytes;
  }

  dropOpened(): void {
    for (const tensors of this.opened.values()) {
      this.bytes -= bytesOf(tensors);
      for (const x of tensors.values()) x.dispose();
    }
    this.opened.clear();
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.dropOpened();
    for (const x of [...this.stream, this.prepared]) x.dispose();
  }
}

const bytesOf = (tensors: ReadonlyMap<string, DeviceTensor>): number =>
  [...tensors.values()].reduce((sum, t) => sum + 4 * elements(t.dims), 0);
