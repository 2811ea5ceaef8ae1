/**
 * Evaluates trial changes of a model: an engine with replaceable weights, the samples as batches,
 * and the residual stream before each layer. A change in layer l then runs only layers from l on.
 * Work proceeds batch by batch, so that the caller can pause in between.
 */
import type { CleanPass, Engine, ScoringEngine, WeightEngine } from '../../engine/engine.ts';
import { Tally, type Judged, type LaidOut } from './task.ts';

export type TrialEngine = Engine & ScoringEngine & WeightEngine;

export class Workbench {
  readonly task: LaidOut;
  private readonly engine: TrialEngine;
  private readonly passes: CleanPass[] = [];
  /** First layer whose output in `passes` is out of date. */
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
   * Runs all samples through the current model and caches their residual streams. Yields after
   * every batch.
   */
  async *open(): AsyncGenerator<void, void, undefined> {
    for (const { batch } of this.task.batches) {
      this.passes.push(await this.engine.cleanPass(batch));
      yield;
    }
  }

  /**
   * Scores the samples under the current weights. Only layers from `layer` on may have changed
   * since `settle`.
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
   * Accepts the current weights; `layer` is the first that changed. The residual stream is
   * recomputed only as far as the next change needs.
   */
  settle(layer: number): void {
    this.stale = Math.min(this.stale, layer);
  }

  /** Recomputes what `settle` deferred. */
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
