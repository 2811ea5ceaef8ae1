/**
 * Generates text token by token with a KV cache of fixed capacity on the provider. Two sets of
 * sessions serve texts of any length up to the capacity: one for several tokens (the prompt), one
 * for a single token.
 */
import { defined, elementAt } from '../../checked.ts';
import type { CacheSlot, CompiledModel, DecodePart } from '../../compiler/compiled.ts';
import type { AdapterInputs } from '../adapters/adapter-inputs.ts';
import { headFeeds } from '../adapters/device-adapters.ts';
import type { Backend, DeviceTensor } from '../backends/backend.ts';
import type { AdapterUse } from '../engine.ts';
import type { Head } from '../head/head.ts';
import type { HeldDecoder } from './held-decoder.ts';
import { tooLarge } from '../memory.ts';
import type { Network } from '../pieces/network.ts';
import { firstOf, type DecodeShape, type Pieces } from '../pieces/pieces.ts';
import { scoresOf } from '../head/token-scores.ts';

/** Prompt tokens per step. */
const CHUNK_TOKENS = 32;

/** The minimum capacity of a cache. Larger caches double. Each capacity has its own sessions. */
const SMALLEST = 64;

/** Capacity, in tokens, for a text of `length` tokens. */
export function capacityFor(length: number, maxLength: number): number {
  let capacity = SMALLEST;
  while (capacity < length) capacity *= 2;
  return Math.min(capacity, maxLength);
}

/** Throws AtlasError `too-large` if a cache of this capacity does not fit into `budget` bytes. */
export function checkCache(model: CompiledModel, capacity: number, budget: number): void {
  const bytes = cacheBytes(model, capacity);
  if (bytes > budget) throw tooLarge(bytes, budget);
}

/** Bytes of the keys and values of all layers, and of the mask that the sessions hold. */
function cacheBytes({ layers, hidden, kvHeads, headDim }: CompiledModel, capacity: number): number {
  return 4 * capacity * (2 * layers * (kvHeads && headDim ? kvHeads * headDim : hidden) + capacity);
}

export interface ContinuationParts {
  model: CompiledModel;
  backend: Backend;
  pieces: Pieces;
  network: Network;
  head: Head;
  inputs: AdapterInputs;
}

/** How a text is continued. */
export interface ContinuationOptions {
  /** Maximum tokens of the text. */
  length: number;
  use: AdapterUse | undefined;
  /** For single tokens, with this capacity and the same adaptation; null: layer by layer. */
  single: HeldDecoder | null;
}

/** Must be disposed. Calls must not overlap with others on the same backend. */
export class Continuation {
  private readonly parts: ContinuationParts;
  private readonly capacity: number;
  private readonly use: AdapterUse | undefined;
  /** By layer. Rows at and after `length` are zeros. */
  private readonly caches: ReadonlyMap<string, DeviceTensor>[];
  private readonly single: HeldDecoder | null;
  private length = 0;

  /**
   * Opens a cache for texts of up to `length` tokens. Rejects with AtlasError `too-large` if the
   * cache does not fit into `budget` bytes, and with `operator`.
   */
  static async open(
    parts: ContinuationParts,
    { length, use, single }: ContinuationOptions,
  ): Promise<Continuation> {
    const { model } = parts;
    const capacity = capacityFor(length, model.maxLength);
    const slots = await Promise.all(
      model.blocks.map(
        async (_, layer) =>
          (await model.decode({ layer, adapted: use !== undefined }, 1, capacity)).caches,
      ),
    );
    return new Continuation(parts, capacity, slots, { use, single });
  }

  private constructor(
    parts: ContinuationParts,
    capacity: number,
    slots: readonly (readonly CacheSlot[])[],
    { use, single }: Pick<ContinuationOptions, 'use' | 'single'>,
  ) {
    this.parts = parts;
    this.capacity = capacity;
    this.use = use;
    this.single = single;
    this.caches = slots.map(
      (list) =>
        new Map(list.map(({ input, width }) => [input, parts.backend.zeros([capacity, width])])),
    );
  }

  /** Appends tokens. Returns the logits `[vocab]` after the last one. */
  async append(ids: Int32Array): Promise<Float32Array> {
    const { head, model } = this.parts;
    if (ids.length === 1 && this.single) return this.appendOne(ids, this.single);
    const logits = new Float32Array(model.vocab);
    await this.advance(ids, async (prepare, count) => {
      if (count.done < ids.length) return;
      const prepared = await prepare();
      await head.logits(
        prepared,
        (first, _, part) => logits.set(part, first),
        [count.rows - 1],
        headFeeds(this.use, this.parts.backend),
      );
      prepared.dispose();
    });
    return logits;
  }

  /** Appends tokens. Returns ln p of each but the first. */
  async score(ids: Int32Array): Promise<Float64Array> {
    const { head } = this.parts;
    const out = new Float64Array(ids.length - 1);
    await this.advance(ids, async (prepare, { done, rows }) => {
      const first = done - rows;
      const queries = Array.from({ length: Math.min(rows, out.length - first) }, (_, row) => ({
        row,
        token: ids[first + row + 1]!,
      }));
      if (queries.length === 0) return;
      const prepared = await prepare();
      const scores = await scoresOf(queries, (asked, visit) =>
        head.logits(prepared, visit, asked, headFeeds(this.use, this.parts.backend)),
      );
      out.set(scores.logLikelihood, first);
      prepared.dispose();
    });
    return out;
  }

  /** `append` of one token in one session. */
  private async appendOne(ids: Int32Array, single: HeldDecoder): Promise<Float32Array> {
    const { backend, model } = this.parts;
    const { lookups, here, adapters, used } = this.stepInputs(ids, 1);
    const caches = this.caches.flatMap((layer) => [...layer.values()]);
    const { logits, rows } = await single.run(
      new Map([
        ...lookups,
        ['here', here],
        ...single.caches.map(({ input }, i) => [input, elementAt(caches, i)] as const),
      ]),
      model.layers,
      adapters,
    );
    rows.forEach((row, i) => {
      const into = elementAt(caches, i);
      backend.copy(row, into, this.length * elementAt(into.dims, -1));
    });
    this.length++;
    const out = await backend.read(logits);
    for (const tensor of [...used, ...rows, logits]) tensor.dispose();
    return out;
  }

  /**
   * The inputs of a step of `rows` tokens, which begins with `ids`. It is padded with tokens at the
   * end: no earlier token attends to them, and their keys are not cached. After the step, the
   * caller disposes `used`, which includes the views that `adapters` creates.
   */
  private stepInputs(ids: Int32Array, rows: number) {
    const { backend, network, inputs } = this.parts;
    const { capacity, length: first } = this;
    const padded = new Int32Array(rows);
    padded.set(ids);
    const positions = new Float32Array(rows * capacity);
    for (let row = 0; row < rows; row++) positions[row * capacity + first + row] = 1;
    const here = backend.upload('float32', [rows, capacity], new Uint8Array(positions.buffer));
    const lookups = network.lookUp({ ids: padded, sequences: 1, length: rows });
    const used: DeviceTensor[] = [here, ...lookups.values()];
    return { lookups, here, adapters: this.use ? inputs.feeds(this.use, used) : null, used };
  }

  dispose(): void {
    for (const caches of this.caches) for (const cache of caches.values()) cache.dispose();
  }

  /**
   * Runs the blocks in steps of several tokens or one. After each step, `visit` may call `prepare`
   * for the head's input. The step had `rows` new tokens; `done` of `ids` are processed.
   */
  private async advance(
    ids: Int32Array,
    visit: (
      prepare: () => Promise<DeviceTensor>,
      count: { rows: number; done: number },
    ) => Promise<void>,
  ): Promise<void> {
    const chunk = Math.min(CHUNK_TOKENS, this.capacity - 1);
    for (let done = 0; done < ids.length;) {
      // Near the end of the cache, a step of several tokens would exceed it.
      const several = ids.length - done > 1 && this.length + chunk <= this.capacity;
      const shape = { rows: several ? chunk : 1, capacity: this.capacity };
      const rows = Math.min(shape.rows, ids.length - done);
      const end = await this.blocks(ids.subarray(done, done + rows), shape);
      done += rows;
      // A head with a nonlinearity works on the residual stream itself.
      const { model, head } = this.parts;
      const bent = model.head.nonlinearAfter;
      await visit(
        () =>
          bent
            ? head.prepare({ batch: 1, length: shape.rows }, end)
            : this.run('norm', shape, new Map([['x', end]])),
        { rows, done },
      );
      end.dispose();
    }
  }

  /**
   * Runs new tokens through embedding and blocks. Returns the end of their residual stream,
   * `[1, rows, hidden]`. Extends the caches.
   */
  private async blocks(ids: Int32Array, shape: DecodeShape): Promise<DeviceTensor> {
    const { backend, model } = this.parts;
    const { rows, capacity } = shape;
    const { lookups, here, adapters, used } = this.stepInputs(ids, rows);
    let x = await this.run('embedding', shape, new Map([...lookups, ['here', here]]));
    for (let layer = 0; layer < model.layers; layer++) {
      const caches = elementAt(this.caches, layer);
      const part = this.block(layer);
      const outputs = await this.parts.pieces.decode(
        part,
        shape,
        new Map([['x', x], ['here', here], ...caches, ...(adapters?.(layer) ?? [])]),
      );
      x.dispose();
      x = firstOf(outputs);
      for (const { input, output, width } of (await model.decode(part, rows, capacity)).caches) {
        const made = defined(outputs.get(output));
        const newTokens = backend.view(made, 'float32', [ids.length, width]);
        backend.copy(newTokens, defined(caches.get(input)), this.length * width);
        newTokens.dispose();
        made.dispose();
      }
    }
    for (const tensor of used) tensor.dispose();
    this.length += ids.length;
    return x;
  }

  private async run(
    part: DecodePart,
    shape: DecodeShape,
    feeds: ReadonlyMap<string, DeviceTensor>,
  ): Promise<DeviceTensor> {
    return firstOf(await this.parts.pieces.decode(part, shape, feeds));
  }

  private block(layer: number): DecodePart {
    return { layer, adapted: this.use !== undefined };
  }
}
