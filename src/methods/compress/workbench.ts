/**
 * Where changes of a model are tried: an engine whose weights can be replaced, samples laid out for
 * it, and the clean streams up to each block, so that a change in layer l costs the blocks from l
 * on only. Everything goes batch by batch: who asks may pause between two.
 */
import type { CleanPass, Engine, ScoringEngine, WeightEngine } from '../../engine/engine.ts';
import { Tally, type Judged, type LaidOut } from './task.ts';

export type TrialEngine = Engine & ScoringEngine & WeightEngine;

export class Workbench {
  readonly task: LaidOut;
  private readonly engine: TrialEngine;
  private readonly passes: CleanPass[] = [];
  /** The first block whose own output in `passes` is that of earlier weights. */
  private stale: number;

  constructor(engine: TrialEngine, task: LaidOut) {
    this.engine = engine;
    this.task = task;
    this.stale = engine.layers;
  }

  get batches(): number {
    return this.task.batches.length;
  }

  /**
   * Runs all samples through the model as it is now and keeps their streams. Yields after every
   * batch.
   */
  async *open(): AsyncGenerator<void, void, undefined> {
    for (const { batch } of this.task.batches) {
      this.passes.push(await this.engine.cleanPass(batch));
      yield;
    }
  }

  /**
   * The samples under the weights as they are now, of which only those of block `layer` and later
   * may have changed since `settle`.
   */
  async *judge(layer = this.engine.layers): AsyncGenerator<void, Judged, undefined> {
    const tally = new Tally(this.task);
    for (const [i, pass] of this.passes.entries()) {
      await this.upTo(pass, layer);
      await tally.add(this.engine, i, pass, layer);
      yield;
    }
    this.stale = Math.max(this.stale, layer);
    return tally.result();
  }

  /**
   * The weights as they are now are the ones to start from; block `layer` is the first that
   * changed. Its stream is worked out anew only as far as the next change lies.
   */
  settle(layer: number): void {
    this.stale = Math.min(this.stale, layer);
  }

  /** Does what `settle` left to be done. */
  async *refresh(): AsyncGenerator<void, void, undefined> {
    for (const pass of this.passes) {
      await this.upTo(pass, this.engine.layers);
      yield;
    }
    this.stale = this.engine.layers;
  }

  private async upTo(pass: CleanPass, layer: number): Promise<void> {
    if (this.stale < layer) await this.engine.refreshPass(pass, this.stale, layer);
  }

  dispose(): void {
    for (const pass of this.passes.splice(0)) pass.dispose();
  }
}
