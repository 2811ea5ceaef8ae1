/**
 * Where changes of a model are tried: an engine whose weights can be replaced, samples laid out for it, and the clean streams
 * up to each block, so that a change in layer l costs the blocks from l on only. Everything goes batch by batch: who asks may
 * pause between two.
 */
import type { CleanPass, Engine, ScoringEngine, WeightEngine } from '../../engine/engine.ts';
import { Tally, type Judged, type LaidOut } from './task.ts';

export type TrialEngine = Engine & ScoringEngine & WeightEngine;

export class Workbench {
  readonly task: LaidOut;
  private readonly engine: TrialEngine;
  private readonly passes: CleanPass[] = [];

  constructor(engine: TrialEngine, task: LaidOut) {
    this.engine = engine;
    this.task = task;
  }

  get batches(): number { return this.task.batches.length; }

  /** Runs all samples through the model as it is now and keeps their streams. Yields after every batch. */
  async *open(): AsyncGenerator<void, void, undefined> {
    for (const { batch } of this.task.batches) {
      this.passes.push(await this.engine.cleanPass(batch));
      yield;
    }
  }

  /** The samples under the weights as they are now, of which only those of block `layer` and later may have changed. */
  async *judge(layer = this.engine.layers): AsyncGenerator<void, Judged, undefined> {
    const tally = new Tally(this.task);
    for (const [i, pass] of this.passes.entries()) {
      await tally.add(this.engine, i, pass, layer);
      yield;
    }
    return tally.result();
  }

  /** Makes the weights as they are now the ones to start from; see `judge`. */
  async *settle(layer: number): AsyncGenerator<void, void, undefined> {
    for (const pass of this.passes) {
      await this.engine.refreshPass(pass, layer);
      yield;
    }
  }

  dispose(): void {
    for (const pass of this.passes.splice(0)) pass.dispose();
  }
}
