/**
 * An adapter of the vocabulary projection on the provider: logits + s · (h Aᵀ) Bᵀ, in chunks of the
 * vocabulary. It is applied, not trained, so it has no gradients or moments.
 */
import type { Backend, DeviceTensor } from '../backends/backend.ts';
import type { AdapterValues } from '../engine.ts';
import type { Chunk } from './vocabulary-chunks.ts';

/**
 * The adapter inputs of a chunk: `loraA` [rank, hidden], the chunk's rows of B as `loraB`
 * [width, rank], and `scale` [1, rank]: s, or 0 for an unused rank.
 */
export type HeadFeeds = (chunk: Chunk) => readonly (readonly [string, DeviceTensor])[];

export class HeadAdapter {
  readonly values: AdapterValues;
  private readonly backend: Backend;
  private readonly a: DeviceTensor;
  private readonly scale: DeviceTensor;
  private readonly rows = new Map<Chunk, DeviceTensor>();

  constructor(backend: Backend, values: AdapterValues, hidden: number) {
    this.backend = backend;
    this.values = values;
    this.a = backend.upload('float32', [values.rank, hidden], bytesOf(values.loraA));
    this.scale = backend.zeros([1, values.rank]);
  }

  /** The first `used` ranks, at this scale. */
  feeds(scale: number, used: number): HeadFeeds {
    this.backend.write(
      this.scale,
      Float32Array.from({ length: this.values.rank }, (_, r) => (r < used ? scale : 0)),
    );
    return (chunk) => [
      ['loraA', this.a],
      ['loraB', this.rowsOf(chunk)],
      ['scale', this.scale],
    ];
  }

  dispose(): void {
    for (const tensor of [this.a, this.scale, ...this.rows.values()]) tensor.dispose();
  }

  private rowsOf(chunk: Chunk): DeviceTensor {
    let tensor = this.rows.get(chunk);
    if (!tensor) {
      const { rank, loraB } = this.values;
      const { first, width } = chunk;
      this.rows.set(
        chunk,
        (tensor = this.backend.upload(
          'float32',
          [width, rank],
          bytesOf(loraB.subarray(first * rank, (first + width) * rank)),
        )),
      );
    }
    return tensor;
  }
}

const bytesOf = (x: Float32Array): Uint8Array =>
  new Uint8Array(x.buffer, x.byteOffset, x.byteLength);
