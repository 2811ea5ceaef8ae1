/**
 * The compress study: Compress to Impress (methods.md §5). One backward pass over the calibration
 * samples scores every removal of singular components. The best removals are tried, and accepted if
 * the accuracy on these samples rises. Separate test samples evaluate the result.
 */
import { defined, elementAt } from '../../checked.ts';
import type { FullEngine, TokenBatch, TrainingBatch } from '../../engine/engine.ts';
import { AtlasError } from '../../errors.ts';
import {
  directionsOf,
  ordered,
  RHO_GRID,
  SigmaGradients,
  type Candidate,
} from '../../methods/compress/candidates.ts';
import {
  answersOf,
  chanceOf,
  layOut,
  type Judged,
  type SampleScore,
} from '../../methods/compress/task.ts';
import { Workbench } from '../../methods/compress/workbench.ts';
import { interval95, summarise } from '../../methods/statistics.ts';
import { sampler } from '../../methods/sampling.ts';
import { epochOrder, pickSequences } from '../../methods/windows.ts';
import {
  smallRemovals,
  withoutComponents,
  type SmallRemoval,
} from '../../methods/compress/checks.ts';
import {
  inForce,
  isBetter,
  type CompressEvent,
  type CompressPhase,
  type CompressResult,
  type CompressState,
  type Figures,
  type LaserFigures,
  type LaserTrial,
  type Removal,
  type StepFigures,
} from './state.ts';
import { splitTask, type TaskSplit } from './task.ts';
import { CutWeights } from './weights.ts';
import { nameOf } from '../map/events.ts';
import type { StudyContext } from '../context.ts';
import { TokenText } from '../token-text.ts';

/**
 * Tokens per batch, for forward and for backward passes. Backward batches are small so that a step
 * takes well under a second.
 */
const ROWS = 1024;
const BACKWARD_ROWS = 256;
/** Number of evaluations in a sample of LASER's search. */
const LASER_SAMPLE = 24;

type Steps<T = void> = AsyncGenerator<CompressEvent, T, undefined>;

const figuresOf = ({ accuracy, loss }: Judged): Figures => ({ accuracy, loss });

/**
 * Runs the compress study (`study.ts`). Throws `bad-task`, `row-blocks`, `singular`, `bad-spec`,
 * and what `tokens` and `derive` throw.
 */
export async function* runCompress(context: StudyContext, now: () => CompressState): Steps {
  const {
    spec: { compress, training },
  } = context;
  const task = await splitTask(context);
  const plain = await context.tokens(compress.plain, {
    sequences: training.heldSequences,
    length: training.length,
  });
  const engine = await context.derive('float32');
  try {
    yield* new Compression({ context, now, task: { ...task, plain }, engine }).run();
  } finally {
    await engine.dispose();
  }
}

/** A run after its backward pass: the planned trials, and the state so far. */
export interface CompressCheckpoint {
  state: CompressState;
  plan: Plan;
  /** Milliseconds so far. */
  times: Record<CompressPhase, number>;
}

/** The task's samples, and the plain text on which the loss is reported. */
type Judges = TaskSplit & { plain: TokenBatch };

/** The removals that the backward pass proposes, in the order of trial. */
interface Plan {
  checks: SmallRemoval[];
  candidates: Candidate[];
}

class Compression {
  private readonly context: StudyContext;
  private readonly task: Judges;
  private readonly engine: FullEngine;
  private readonly weights: CutWeights;
  private readonly times: Record<CompressPhase, number> = {
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

  async *run(): Steps {
    const { context, task } = this;
    const { spec, model, provider, versions, checkpoint } = context;
    const { compress } = spec;
    const chance = chanceOf(task.calibration);
    const from = checkpoint?.from as CompressCheckpoint | undefined;
    yield from
      ? { type: 'resumed', state: from.state }
      : {
          type: 'start',
          spec,
          samples: task.calibration.length,
          test: task.test.length,
          chance,
          laserEvaluations: model.modules.length * RHO_GRID.length,
        };
    Object.assign(this.times, from?.times);
    this.weights.open();
    const bench = new Workbench(this.engine, layOut(task.calibration, compress.scoring, ROWS));
    try {
      if (from && from.state.trials.length < from.plan.candidates.length)
        await this.place(inForce(from.state.trials));
      yield* this.working({ phase: 'samples', work: bench.open(), steps: bench.batches });
      if (!this.now.base)
        yield this.base(
          yield* this.working({ phase: 'samples', work: bench.judge(), steps: bench.batches }),
          chance,
        );
      const plan = from?.plan ?? (yield* this.planned(bench));
      const snapshot = async (): Promise<CompressCheckpoint> => ({
        state: this.now,
        plan,
        times: { ...this.times },
      });
      checkpoint?.offer(snapshot);
      yield* this.checks(bench, plan.checks);
      yield* this.scan(bench, plan.candidates);
      const { trials } = this.now;
      const accepted = inForce(trials);
      const steps = accepted.map((i) => elementAt(trials, i));
      const before = defined(this.now.base);
      const after = trials.findLast((t) => t.accepted)?.figures ?? before;
      context.saveBase?.({
        kind: 'compressed',
        cuts: steps,
        split: compress.split,
        seed: spec.seed,
      });
      if (compress.laser !== 'none') yield* this.laser(bench);
      bench.dispose();
      // The evaluation is one unit: a resumed run repeats it from the start.
      const tried = await snapshot();
      checkpoint?.offer(async () => tried);
      const { samples, ...judged } = yield* this.judge(steps);
      const laser = this.now.laser.length > 0 ? yield* this.judgeLaser(this.now.laser) : null;
      const result: CompressResult = {
        format: 'rank-atlas-compress',
        version: 1,
        spec,
        model: nameOf(model),
        provider,
        versions,
        chance,
        calibration: { samples: task.calibration.length, before, after },
        candidates: this.now.candidates,
        checks: this.now.checks,
        trials,
        accepted,
        test: { samples: task.test.length, steps: judged.steps },
        plain: { length: task.plain.length, losses: judged.losses },
        samples,
        text: judged.text,
        laser,
        times: this.times,
      };
      yield { type: 'done', result };
    } finally {
      bench.dispose();
    }
  }

  private get now(): CompressState {
    return this.state();
  }

  /** Sets the weights that result from these trials. */
  private async place(trials: readonly number[]): Promise<void> {
    for (const i of trials)
      await this.engine.setWeight(
        elementAt(this.now.trials, i).module,
        this.weights.cut(elementAt(this.now.trials, i)),
      );
  }

  /** Decompositions and one backward pass, and the planned removals. */
  private async *planned(bench: Workbench): Steps<Plan> {
    const {
      spec: { compress, seed },
    } = this.context;
    const unknown = this.weights.unknown();
    yield* this.working({
      phase: 'svd',
      work: this.weights.decompose(unknown),
      steps: unknown.length,
    });
    const sums = yield* this.gradients(bench);
    for (const s of sums)
      if (s.of.blocks.length === compress.rowBlocks[0])
        yield { type: 'spectrum', spectrum: this.weights.spectrum(s) };
    const candidates = ordered(
      sums.flatMap((s) => s.candidates()),
      compress.ranking,
    );
    yield { type: 'candidates', count: candidates.length };
    return {
      checks: smallRemovals(sums, compress.checks, seed),
      candidates: candidates.slice(0, compress.trials),
    };
  }

  /**
   * The model's accuracy must be above chance; otherwise there is nothing to gain or lose. Throws
   * `bad-task`.
   */
  private base(before: Judged, chance: number): CompressEvent {
    if (!(before.accuracy > chance)) {
      throw new AtlasError('bad-task', {
        why: `the accuracy of this model is ${(100 * before.accuracy).toFixed(0)} %, which is not above the chance level of ${(100 * chance).toFixed(0)} %`,
        remedy: 'Choose an easier task.',
      });
    }
    const interval = interval95(before.samples.map((s) => s.right));
    return {
      type: 'base',
      figures: figuresOf(before),
      aboveChance: interval !== null && interval.low > chance,
    };
  }

  private async *gradients(bench: Workbench): Steps<SigmaGradients[]> {
    const {
      model: { modules },
      spec: {
        compress: { rowBlocks },
      },
    } = this.context;
    const batches = answersOf(bench.task, BACKWARD_ROWS);
    const sums = modules.flatMap(({ index }) =>
      rowBlocks.map((blocks) => new SigmaGradients(this.weights.decomposed(index, blocks))),
    );
    yield* this.working({
      phase: 'gradients',
      work: this.backward(sums, batches),
      steps: batches.length,
    });
    return sums;
  }

  /** One forward and backward pass over the right answers, in batches. */
  private async *backward(
    sums: readonly SigmaGradients[],
    batches: readonly TrainingBatch[],
  ): AsyncGenerator<void, void, undefined> {
    const directions = sums.map((s) =>
      directionsOf(s.of, () => this.engine.materialiseWeight(s.of.module)),
    );
    const all = directions.flat();
    for (const batch of batches) {
      const { gradients } = await this.engine.singularGradients(batch, all);
      const tokens = defined(batch.labels).reduce((n, label) => n + (label < 0 ? 0 : 1), 0);
      let at = 0;
      sums.forEach((sum, s) =>
        sum.add(
          gradients.slice(at, (at += elementAt(directions, s).length)),
          batch.sequences,
          tokens,
        ),
      );
      yield;
    }
  }

  /** Measures small removals one at a time, to compare with the first-order prediction. */
  private async *checks(bench: Workbench, planned: readonly SmallRemoval[]): Steps {
    const { modules } = this.context.model;
    const before = defined(this.now.base);
    for (const { module, blocks, from, to, predicted } of planned.slice(this.now.checks.length)) {
      const w = withoutComponents(
        this.weights.of(module),
        this.weights.decomposed(module, blocks),
        from,
        to,
      );
      const judged = yield* this.under({
        bench,
        phase: 'checks',
        module,
        weight: w,
        done: this.now.checks.length,
        of: planned.length,
      });
      await this.engine.setWeight(module, null);
      yield {
        type: 'check',
        check: {
          path: elementAt(modules, module).path,
          blocks,
          from,
          to,
          predicted,
          measured: judged.loss - before.loss,
        },
      };
    }
  }

  /**
   * Tries the candidates in order, each on top of the accepted ones. A module has one form: a later
   * accepted trial replaces an earlier one.
   */
  private async *scan(bench: Workbench, candidates: readonly Candidate[]): Steps {
    const {
      context: { now },
      engine,
    } = this;
    const of = candidates.length;
    const first = this.now.trials.length;
    for (const candidate of candidates.slice(first)) {
      const start = now();
      const { trials } = this.now;
      const current = trials.findLast((t) => t.accepted)?.figures ?? defined(this.now.base);
      const { module } = candidate;
      const judged = yield* this.under({
        bench,
        phase: 'scan',
        module,
        weight: this.weights.cut(candidate),
        done: trials.length,
        of,
      });
      const figures = figuresOf(judged);
      const accepted = isBetter(figures, current);
      if (accepted) bench.settle(this.layerOf(module));
      else {
        const earlier = trials.findLast((t) => t.accepted && t.module === module);
        await engine.setWeight(module, earlier ? this.weights.cut(earlier) : null);
      }
      yield {
        type: 'trial',
        trial: {
          ...this.removalOf(candidate),
          firstOrder: -candidate.score,
          predicted: candidate.curvature - candidate.score,
          measured: figures.loss - current.loss,
          figures,
          accepted,
          milliseconds: now() - start,
        },
      };
    }
    const placed = inForce(this.now.trials).map((i) => elementAt(this.now.trials, i).module);
    if (first === of || placed.length === 0) return;
    for (const module of placed) await engine.setWeight(module, null);
    bench.settle(0);
    yield* this.working({
      phase: 'scan',
      work: bench.refresh(),
      steps: bench.batches,
      done: of,
      of,
    });
  }

  /**
   * LASER: every module at every ρ, one at a time, on the same samples; or a seeded sample of these
   * evaluations.
   */
  private async *laser(bench: Workbench): Steps {
    const {
      spec: { compress, seed },
      model: { modules },
      now,
    } = this.context;
    const whole = modules.length * RHO_GRID.length;
    const order =
      compress.laser === 'all'
        ? Array.from({ length: whole }, (_, i) => i)
        : [...epochOrder(seed, 1, whole)].slice(0, LASER_SAMPLE);
    for (const number of order.slice(this.now.laser.length)) {
      const start = now();
      const module = elementAt(modules, Math.floor(number / RHO_GRID.length));
      const rho = elementAt(RHO_GRID, number % RHO_GRID.length);
      const judged = yield* this.under({
        bench,
        phase: 'laser',
        module: module.index,
        weight: this.weights.cutTo(module.index, rho),
        done: this.now.laser.length,
        of: order.length,
      });
      await this.engine.setWeight(module.index, null);
      yield {
        type: 'laser',
        trial: {
          module: module.index,
          path: module.path,
          rho,
          figures: figuresOf(judged),
          milliseconds: now() - start,
        },
      };
    }
  }

  /**
   * Evaluates the test samples with the original model, then after each accepted step, and
   * generates a text each time.
   */
  private async *judge(
    steps: readonly Removal[],
  ): Steps<
    Pick<CompressResult, 'samples' | 'text'> & { steps: StepFigures[]; losses: number[][] }
  > {
    const {
      task,
      engine,
      context: {
        spec: {
          compress,
          samples: { prompt },
        },
      },
    } = this;
    const bench = new Workbench(engine, layOut(task.test, compress.scoring, ROWS));
    const judged: Judged[] = [];
    const figures: StepFigures[] = [];
    const losses: number[][] = [];
    const brief = ({ right, loss, chosen }: SampleScore) => ({ right, loss, chosen });
    const texts: (string | null)[] = [];
    try {
      yield* this.working({ phase: 'test', work: bench.open(), steps: bench.batches });
      for (const step of [null, ...steps]) {
        if (step) {
          await engine.setWeight(step.module, this.weights.cut(step));
          bench.settle(this.layerOf(step.module));
        }
        const now = yield* this.working({
          phase: 'test',
          work: bench.judge(),
          steps: bench.batches,
        });
        const plain = yield* this.plainLosses();
        judged.push(now);
        losses.push(plain);
        figures.push({ ...figuresOf(now), plain: summarise(plain).mean });
        texts.push(texts.includes(null) ? null : yield* this.written());
        yield {
          type: 'step',
          figures: elementAt(figures, -1),
          scores: now.samples.map(brief),
          plain,
        };
      }
      const written = texts.filter((t) => t !== null);
      return {
        steps: figures,
        losses,
        samples: task.shown.map((shown, i) => ({
          ...shown,
          scores: judged.map((j) => brief(elementAt(j.samples, i))),
        })),
        text: written.length === texts.length ? { prompt, steps: written } : null,
      };
    } finally {
      bench.dispose();
      for (const { module } of steps) await engine.setWeight(module, null);
    }
  }

  /**
   * Next-token loss of each sequence of the plain text under the current weights, in nats per
   * token.
   */
  private async *plainLosses(): Steps<number[]> {
    const {
      task: { plain },
      engine,
    } = this;
    const losses: number[] = [];
    async function* sequences(): AsyncGenerator<void, void, undefined> {
      for (let i = 0; i < plain.sequences; i++) {
        const { sum, tokens } = await engine.evaluate(pickSequences(plain, [i]));
        losses.push(sum / tokens);
        yield;
      }
    }
    yield* this.working({ phase: 'plain', work: sequences(), steps: plain.sequences });
    return losses;
  }

  /**
   * Continues the experiment's prompt with the current weights; null if the model cannot generate,
   * or not from this prompt.
   */
  private async *written(): Steps<string | null> {
    const {
      spec: {
        samples: { prompt: words, tokens, temperature, topP },
        seed,
      },
    } = this.context;
    const stop = await this.context.endTokens();
    const prompt = await this.context.prompt(words);
    const text = new TokenText(prompt, (ids) => this.context.decode(ids));
    const writing = this.engine.generate({
      prompt,
      tokens,
      choose: sampler({ temperature, topP, seed }),
      stop,
    });
    let out = '';
    try {
      for (let done = 1; ; done++) {
        const start = this.context.now();
        const next = await writing.next();
        this.times.text += this.context.now() - start;
        if (next.done) return out;
        out += await text.add(next.value.id, done === tokens || stop.includes(next.value.id));
        yield { type: 'progress', phase: 'text', done, of: tokens };
      }
    } catch (error) {
      // The figures are valid without the text.
      if (
        error instanceof AtlasError &&
        (error.code === 'operator' || error.code === 'bad-text' || error.code === 'too-large')
      )
        return null;
      throw error;
    } finally {
      await writing.return();
    }
  }

  private async *judgeLaser(trials: readonly LaserTrial[]): Steps<LaserFigures> {
    const best = trials.reduce((a, b) => (isBetter(b.figures, a.figures) ? b : a));
    const evaluations = this.context.model.modules.length * RHO_GRID.length;
    const milliseconds = trials.reduce((sum, t) => sum + t.milliseconds, 0);
    const bench = new Workbench(
      this.engine,
      layOut(this.task.test, this.context.spec.compress.scoring, ROWS),
    );
    try {
      await this.engine.setWeight(best.module, this.weights.cutTo(best.module, best.rho));
      yield* this.working({ phase: 'laser', work: bench.open(), steps: bench.batches });
      const judged = yield* this.working({
        phase: 'laser',
        work: bench.judge(),
        steps: bench.batches,
      });
      const plain = summarise(yield* this.plainLosses()).mean;
      return {
        evaluations,
        made: trials.length,
        milliseconds,
        extrapolated: (milliseconds / trials.length) * evaluations,
        best,
        test: { ...figuresOf(judged), plain },
      };
    } finally {
      bench.dispose();
      await this.engine.setWeight(best.module, null);
    }
  }

  /**
   * Evaluates the samples with another weight for a module, which stays set. `done` of `of` such
   * trials are finished.
   */
  private async *under({
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
  private async *working<T>({
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

  private layerOf(module: number): number {
    return elementAt(this.context.model.modules, module).layer;
  }

  private removalOf({ module, blocks, rho, keep, dropped }: Candidate): Removal {
    return {
      module,
      path: elementAt(this.context.model.modules, module).path,
      blocks,
      rho,
      keep,
      dropped,
    };
  }
}
