/**
 * Pruning on the cut model: activations block by block, masks, and merged weights.
 * [methods.md §4]
 */
import { defined, elementAt } from '../../checked.ts';
import type { CompiledModel, Site } from '../../compiler/compiled.ts';
import type { PrunePattern } from '../../device/sparse-twins.ts';
import type { Backend, DeviceTensor } from '../backends/backend.ts';
import type { AdapterUse, BlockWalk, CleanPass, TokenBatch } from '../engine.ts';
import { shapeOf, type Network } from '../pieces/network.ts';
import { firstOf, type Pieces } from '../pieces/pieces.ts';
import { CachedPass } from '../probe/cached-pass.ts';
import { checkTokens } from '../tokens.ts';
import type { Trainer } from '../train/trainer.ts';

export interface Parts {
  model: CompiledModel;
  backend: Backend;
  pieces: Pieces;
  network: Network;
  trainer: Trainer;
}

/** Runs a task in the engine's queue. */
export type Queue = <T>(task: () => Promise<T>) => Promise<T>;

export class Sparsity {
  private readonly parts: Parts;
  private readonly queued: Queue;

  constructor(parts: Parts, queued: Queue) {
    this.parts = parts;
    this.queued = queued;
  }

  inputGrams(batch: TokenBatch, use: AdapterUse): Promise<Float64Array[]> {
    const { model, backend, trainer } = this.parts;
    return this.queued(async () => {
      checkTokens(batch, model.vocab, model.maxLength);
      const stream = await trainer.forward(batch, use);
      const grams: Float64Array[] = [];
      for (const x of stream.slice(0, model.layers))
        grams.push(await (await backend.sparse()).gram(x));
      for (const x of stream) x.dispose();
      return grams;
    });
  }

  walk(batch: TokenBatch, use: AdapterUse): Promise<BlockWalk> {
    const { model, network } = this.parts;
    return this.queued(async () => {
      checkTokens(batch, model.vocab, model.maxLength);
      return new Walk({
        parts: this.parts,
        queued: this.queued,
        batch,
        use,
        x: await network.embed(batch),
      });
    });
  }

  pruneMask({
    site,
    module,
    norms,
    pattern,
    use,
  }: {
    site: Site;
    module: number;
    norms: Float32Array | null;
    pattern: PrunePattern;
    use: AdapterUse;
  }): Promise<Uint32Array> {
    const { backend, trainer } = this.parts;
    return this.queued(async () =>
      (await backend.sparse()).pruneMask(
        await trainer.masked.rows(site, partOf(site, module), use),
        norms,
        pattern,
      ),
    );
  }

  mergedWeight(site: Site, module: number, use: AdapterUse): Promise<Float32Array> {
    const { backend, trainer } = this.parts;
    return this.queued(async () => {
      const { weight, first, outputs, inputs } = await trainer.masked.rows(
        site,
        partOf(site, module),
        use,
      );
      const rows = backend.slice(weight, first / inputs, outputs);
      const values = await backend.read(rows);
      rows.dispose();
      return values;
    });
  }
}

const partOf = (site: Site, module: number) =>
  defined(site.modules.find((m) => m.module === module));

class Walk implements BlockWalk {
  private readonly parts: Parts;
  private readonly queued: Queue;
  private readonly batch: TokenBatch;
  private readonly use: AdapterUse;
  private x: DeviceTensor;
  private layer = 0;

  constructor({
    parts,
    queued,
    batch,
    use,
    x,
  }: {
    parts: Parts;
    queued: Queue;
    batch: TokenBatch;
    use: AdapterUse;
    x: DeviceTensor;
  }) {
    this.parts = parts;
    this.queued = queued;
    this.batch = batch;
    this.use = use;
    this.x = x;
  }

  inputNorms(): Promise<ReadonlyMap<number, Float32Array>> {
    const { model, backend, pieces, trainer } = this.parts;
    const { layer } = this;
    return this.queued(async () => {
      const out = await pieces.block({
        shape: shapeOf(this.batch),
        layer,
        variant: 'tapped',
        x: this.x,
        others: undefined,
        weights: await trainer.masked.of(layer, this.use),
      });
      const taps = new Map<string, Float32Array>();
      const norms = new Map<number, Float32Array>();
      for (const { tap, modules } of elementAt(model.blocks, layer).sites) {
        const found =
          taps.get(tap) ??
          Float32Array.from(
            await (await backend.sparse()).columnSquares(defined(out.get(tap)), null),
            Math.sqrt,
          );
        taps.set(tap, found);
        for (const { module } of modules) norms.set(module, found);
      }
      for (const used of out.values()) used.dispose();
      return norms;
    });
  }

  advance(dense: CleanPass): Promise<number> {
    const { backend, pieces, trainer } = this.parts;
    const { layer } = this;
    return this.queued(async () => {
      const y = firstOf(
        await pieces.block({
          shape: shapeOf(this.batch),
          layer,
          variant: 'plain',
          x: this.x,
          others: undefined,
          weights: await trainer.masked.of(layer, this.use),
        }),
      );
      this.x.dispose();
      this.x = y;
      this.layer++;
      const wanted = elementAt(CachedPass.from(dense, backend).stream, layer + 1);
      const sparse = await backend.sparse();
      const whole = await sparse.columnSquares(wanted, null);
      const apart = await sparse.columnSquares(wanted, y);
      return apart.reduce((sum, v, h) => sum + (v === 0 ? 0 : v / whole[h]!), 0) / whole.length;
    });
  }

  dispose(): void {
    this.x.dispose();
  }
}
