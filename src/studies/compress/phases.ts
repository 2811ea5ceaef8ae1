/** What the phases of a compress run share: engine, weights, state and times; progress events. */
import { elementAt } from '../../checked.ts';
import type { FullEngine, TokenBatch } from '../../engine/engine.ts';
import { layOut, type Judged, type Sample } from '../../methods/compress/task.ts';
import { Workbench } from '../../methods/compress/workbench.ts';
import type { CompressEvent, CompressPhase, CompressState, Figures } from './state.ts';
import type { TaskSplit } from './task.ts';
import { CutWeights } from './weights.ts';
import type { StudyContext } from '../context.ts';

/** Tokens per forward batch. */
const ROWS = 1024;

/** Yields the run's events, and returns a phase's result. */
export type Steps<T = void> = AsyncGenerator<CompressEvent, T, undefined>;

/** The task's samples, and the plain text on which the loss is reported. */
export type Judges = TaskSplit & { plain: TokenBatch };

export const figuresOf = ({ accuracy, loss }: Judged): Figures => ({ accuracy, loss });

/** One run. Each phase is a function that takes it. */
export class CompressRun {
  readonly context: StudyContext;
  readonly task: Judges;
  readonly engine: FullEngine;
  readonly weights: CutWeights;
  /** Milliseconds so far. */
  readonly times: Record<CompressPhase, number> = {
    svd: 0,
    samples: 0,
    gradients: 0,
    checks: 0,
    scan: 0,
    test: 0,
    plain: 0,
    text: 0,
    laser: 0,
  };
  private readonly state: () => CompressState;

  constructor({
    context,
    now,
    task,
    engine,
  }: {
    context: StudyContext;
    now: () => CompressState;
    task: Judges;
    engine: FullEngine;
  }) {
    this.context = context;
    this.state = now;
    this.task = task;
    this.engine = engine;
    this.weights = new CutWeights(context, engine);
  }

  /** The run's state, with every event so far. */
  get now(): CompressState {
    return this.state();
  }

  bench(samples: readonly Sample[]): Workbench {
    return new Workbench(this.engine, layOut(samples, this.context.spec.compress.scoring, ROWS));
  }

  layerOf(module: number): number {
    return elementAt(this.context.model.modules, module).layer;
  }

  /**
   * Evaluates the samples with another weight for a module, which stays set. `done` of `of` such
   * trials are finished.
   */
  async *under({
    bench,
    phase,
    module,
    weight,
    done,
    of,
  }: {
    bench: Workbench;
    phase: CompressPhase;
    module: number;
    weight: Float32Array;
    done: number;
    of: number;
  }): Steps<Judged> {
    await this.engine.setWeight(module, weight);
    return yield* this.working({
      phase,
      work: bench.judge(this.layerOf(module)),
      steps: bench.batches,
      done,
      of,
    });
  }

  /**
   * Yields progress for each step of some work, with the estimated remaining time, and adds the
   * time to the phase. Without `of`, the progress counts the steps. If the work yields shares of
   * the whole, these give the estimate.
   */
  async *working<T>({
    phase,
    work,
    steps,
    done,
    of,
  }: {
    phase: CompressPhase;
    work: AsyncGenerator<number | void, T, undefined>;
    steps: number;
    done?: number;
    of?: number;
  }): Steps<T> {
    const { now } = this.context;
    const before = done === undefined ? this.times[phase] : 0;
    for (let step = 1; ; step++) {
      const start = now();
      const next = await work.next();
      this.times[phase] += now() - start;
      if (next.done) return next.value;
      const share = next.value ?? ((done ?? 0) + step / steps) / (of ?? 1);
      yield {
        type: 'progress',
        phase,
        done: done ?? step,
        of: of ?? steps,
        left: Math.max(0, Math.round((this.times[phase] - before) * (1 / share - 1))),
      };
    }
  }
}
