/**
 * The study "compress": Compress to Impress (methods.md §5). One backward pass over the samples scores every removal of singular
 * components; the best are really tried, and kept where the samples' accuracy rises. Samples that took no part judge at the end.
 */
import { AtlasError } from '../errors.ts';
import { cut, directionsOf, ordered, RHO_GRID, SigmaGradients, type Candidate } from '../methods/compress/candidates.ts';
import { Decompositions, type Splitting } from '../methods/compress/decompositions.ts';
import { answersOf, chanceOf, layOut, type Judged, type SampleScore } from '../methods/compress/task.ts';
import { Workbench } from '../methods/compress/workbench.ts';
import { interval95 } from '../methods/statistics.ts';
import { epochOrder } from '../methods/windows.ts';
import { smallRemovals, withoutComponents } from '../methods/compress/checks.ts';
import { isBetter, type Check, type CompressEvent, type CompressPhase, type CompressResult, type Figures, type LaserFigures, type LaserTrial, type Removal, type SampleTrail, type Spectrum, type Trial } from './compress-state.ts';
import { splitTask, type TaskSplit } from './compress-task.ts';
import type { FullEngine, StudyContext } from './study.ts';

/** Tokens of a batch: for forward passes, and for backward passes, so that a step stays well under a second. */
const ROWS = 1024, BACKWARD_ROWS = 256;
/** Evaluations of LASER's search that stand for all of them. */
const LASER_SAMPLE = 24;

/** Kept for as long as the thread lives, for one model at a time. */
const decompositions = new Decompositions();

type Steps<T = void> = AsyncGenerator<CompressEvent, T, undefined>;

const figuresOf = ({ accuracy, loss }: Judged): Figures => ({ accuracy, loss });

/** See study.ts. Throws `bad-task`, `row-blocks`, `singular`, `bad-spec`, and what `tokens` and `derive` throw. */
export async function* runCompress(context: StudyContext): Steps {
  const task = await splitTask(context), engine = await context.derive('float32');
  try {
    yield* new Compression(context, task, engine).run();
  } finally {
    await engine.dispose();
  }
}

class Compression {
  private readonly context: StudyContext;
  private readonly task: TaskSplit;
  private readonly engine: FullEngine;
  private readonly weights = new Map<number, Float32Array>();
  private readonly times: Record<CompressPhase, number> = { svd: 0, samples: 0, gradients: 0, checks: 0, scan: 0, test: 0, laser: 0 };
  private readonly splittings: Splitting[];

  constructor(context: StudyContext, task: TaskSplit, engine: FullEngine) {
    this.context = context;
    this.task = task;
    this.engine = engine;
    const { spec: { compress: { rowBlocks, split }, seed } } = context;
    this.splittings = rowBlocks.map((blocks) => ({ blocks, split, seed }));
  }

  async *run(): Steps {
    const { context, task } = this, { spec, model, provider, versions } = context, { compress } = spec, chance = chanceOf(task.calibration);
    yield { type: 'start', spec, samples: task.calibration.length, test: task.test.length, chance, laserEvaluations: model.modules.length * RHO_GRID.length };
    decompositions.open(model.hash, model.modules, this.splittings);
    const bench = new Workbench(this.engine, layOut(task.calibration, compress.scoring, ROWS));
    try {
      yield* this.working('samples', bench.open(), bench.batches);
      const before = yield* this.working('samples', bench.judge(), bench.batches);
      yield this.base(before, chance);
      yield* this.decompose();
      const sums = yield* this.gradients(bench);
      for (const s of sums) if (s.of.blocks.length === this.splittings[0]!.blocks) yield { type: 'spectrum', spectrum: this.spectrumOf(s) };
      const candidates = ordered(sums.flatMap((s) => s.candidates()), compress.ranking);
      yield { type: 'candidates', count: candidates.length };
      const checks = yield* this.checks(bench, sums, before), { trials, accepted, after } = yield* this.scan(bench, candidates, before);
      const laser = compress.laser === 'none' ? null : yield* this.laser(bench);
      bench.dispose();
      const { steps, samples } = yield* this.judge(accepted.map((i) => trials[i]!));
      const result: CompressResult = {
        format: 'rank-atlas-compress', version: 1, spec, model: { id: model.id, title: model.title, hash: model.hash }, provider, versions, chance,
        calibration: { samples: task.calibration.length, before: figuresOf(before), after }, candidates: candidates.length, checks, trials, accepted,
        test: { samples: task.test.length, steps }, samples, laser: laser && (yield* this.judgeLaser(laser)), times: this.times,
      };
      yield { type: 'done', result };
    } finally {
      bench.dispose();
    }
  }

  /** The model's own accuracy must be above chance, or there is nothing to gain or lose. */
  private base(before: Judged, chance: number): CompressEvent {
    if (!(before.accuracy > chance)) {
      throw new AtlasError('bad-task', { why: `this model is right in ${(100 * before.accuracy).toFixed(0)} % of the samples, and luck alone would be in ${(100 * chance).toFixed(0)} %`, remedy: 'Choose an easier task.' });
    }
    const interval = interval95(before.samples.map((s) => s.right));
    return { type: 'base', figures: figuresOf(before), aboveChance: interval !== null && interval.low > chance };
  }

  private async *decompose(): Steps {
    const { model } = this.context, of = model.modules.length * this.splittings.length;
    let done = 0;
    for (const module of model.modules) {
      for (const splitting of this.splittings) {
        await this.timed('svd', () => { decompositions.of(module, splitting, () => this.weightOf(module.index)); });
        yield { type: 'progress', phase: 'svd', done: ++done, of };
      }
    }
  }

  /** One forward and backward pass over the right answers, in batches. */
  private async *gradients(bench: Workbench): Steps<SigmaGradients[]> {
    const { modules } = this.context.model, sums = modules.flatMap((m) => this.splittings.map((s) => new SigmaGradients(decompositions.of(m, s, () => this.weightOf(m.index)))));
    const directions = sums.map((s) => directionsOf(s.of)), all = directions.flat(), batches = answersOf(bench.task, BACKWARD_ROWS);
    for (const [i, batch] of batches.entries()) {
      await this.timed('gradients', async () => {
        const { gradients } = await this.engine.singularGradients(batch, all), tokens = batch.labels!.reduce((n, label) => n + (label < 0 ? 0 : 1), 0);
        let at = 0;
        sums.forEach((sum, s) => sum.add(gradients.slice(at, at += directions[s]!.length), batch.sequences, tokens));
      });
      yield { type: 'progress', phase: 'gradients', done: i + 1, of: batches.length };
    }
    return sums;
  }

  /** Small removals, really made one at a time: does the prediction hold where it must? */
  private async *checks(bench: Workbench, sums: readonly SigmaGradients[], before: Judged): Steps<Check[]> {
    const { spec: { compress: { checks: count }, seed }, model: { modules } } = this.context, out: Check[] = [];
    for (const { of, from, to, predicted } of smallRemovals(sums, count, seed)) {
      const w = withoutComponents(this.weightOf(of.module), of, from, to), judged = yield* this.under(bench, 'checks', of.module, w, out.length, count);
      await this.engine.setWeight(of.module, null);
      out.push({ path: modules[of.module]!.path, blocks: of.blocks.length, from, to, predicted, measured: judged.loss - before.loss });
      yield { type: 'check', check: out.at(-1)! };
    }
    return out;
  }

  /** The best candidates one after the other, each on top of what was accepted. A module has one form: a later one replaces it. */
  private async *scan(bench: Workbench, candidates: readonly Candidate[], before: Judged): Steps<{ trials: Trial[]; accepted: number[]; after: Figures }> {
    const { context: { spec: { compress }, now }, engine } = this, trials: Trial[] = [], placed = new Map<number, { trial: number; weight: Float32Array }>();
    let current = figuresOf(before);
    const list = candidates.slice(0, compress.trials);
    for (const candidate of list) {
      const start = now(), { module } = candidate, weight = this.cut(candidate), judged = yield* this.under(bench, 'scan', module, weight, trials.length, list.length);
      const figures = figuresOf(judged), accepted = isBetter(figures, current);
      if (accepted) {
        placed.delete(module);
        placed.set(module, { trial: trials.length, weight });
        yield* this.working('scan', bench.settle(this.layerOf(module)), bench.batches, trials.length, list.length);
      } else await engine.setWeight(module, placed.get(module)?.weight ?? null);
      const trial: Trial = {
        ...this.removalOf(candidate), firstOrder: -candidate.score, predicted: candidate.curvature - candidate.score, measured: figures.loss - current.loss, figures, accepted, milliseconds: now() - start,
      };
      trials.push(trial);
      if (accepted) current = figures;
      yield { type: 'trial', trial };
    }
    for (const module of placed.keys()) await engine.setWeight(module, null);
    if (placed.size > 0) yield* this.working('scan', bench.settle(0), bench.batches, list.length, list.length);
    return { trials, accepted: [...placed.values()].map((p) => p.trial), after: current };
  }

  /** LASER: every module at every ρ, one at a time, on the same samples; a seeded sample of them where the whole is not asked for. */
  private async *laser(bench: Workbench): Steps<LaserTrial[]> {
    const { spec: { compress, seed }, model: { modules }, now } = this.context, whole = modules.length * RHO_GRID.length;
    const order = compress.laser === 'all' ? Array.from({ length: whole }, (_, i) => i) : [...epochOrder(seed, 1, whole)].slice(0, LASER_SAMPLE), trials: LaserTrial[] = [];
    for (const number of order) {
      const start = now(), module = modules[Math.floor(number / RHO_GRID.length)]!, rho = RHO_GRID[number % RHO_GRID.length]!;
      const judged = yield* this.under(bench, 'laser', module.index, this.cutTo(module.index, rho), trials.length, order.length);
      await this.engine.setWeight(module.index, null);
      trials.push({ module: module.index, path: module.path, rho, figures: figuresOf(judged), milliseconds: now() - start });
      yield { type: 'laser', trial: trials.at(-1)! };
    }
    return trials;
  }

  /** The test samples under the model as it is, then with one accepted step after the other. */
  private async *judge(steps: readonly Removal[]): Steps<{ steps: Figures[]; samples: SampleTrail[] }> {
    const { task, engine, context: { spec: { compress } } } = this, bench = new Workbench(engine, layOut(task.test, compress.scoring, ROWS)), judged: Judged[] = [];
    const brief = ({ right, loss, chosen }: SampleScore) => ({ right, loss, chosen });
    try {
      yield* this.working('test', bench.open(), bench.batches);
      for (const step of [null, ...steps]) {
        if (step) {
          await engine.setWeight(step.module, this.cut(step));
          yield* this.working('test', bench.settle(this.layerOf(step.module)), bench.batches);
        }
        judged.push(yield* this.working('test', bench.judge(), bench.batches));
        yield { type: 'step', figures: figuresOf(judged.at(-1)!), scores: judged.at(-1)!.samples.map(brief) };
      }
      return { steps: judged.map(figuresOf), samples: task.shown.map((shown, i) => ({ ...shown, scores: judged.map((j) => brief(j.samples[i]!)) })) };
    } finally {
      bench.dispose();
      for (const { module } of steps) await engine.setWeight(module, null);
    }
  }

  private async *judgeLaser(trials: readonly LaserTrial[]): Steps<LaserFigures> {
    const best = trials.reduce((a, b) => (isBetter(b.figures, a.figures) ? b : a)), evaluations = this.context.model.modules.length * RHO_GRID.length;
    const milliseconds = trials.reduce((sum, t) => sum + t.milliseconds, 0), bench = new Workbench(this.engine, layOut(this.task.test, this.context.spec.compress.scoring, ROWS));
    try {
      await this.engine.setWeight(best.module, this.cutTo(best.module, best.rho));
      yield* this.working('laser', bench.open(), bench.batches);
      const judged = yield* this.working('laser', bench.judge(), bench.batches);
      return { evaluations, made: trials.length, milliseconds, extrapolated: (milliseconds / trials.length) * evaluations, best, test: figuresOf(judged) };
    } finally {
      bench.dispose();
      await this.engine.setWeight(best.module, null);
    }
  }

  /** The samples with another weight in a module's place; the weight stays. `done` of `of` such trials are behind. */
  private async *under(bench: Workbench, phase: CompressPhase, module: number, weight: Float32Array, done: number, of: number): Steps<Judged> {
    await this.engine.setWeight(module, weight);
    return yield* this.working(phase, bench.judge(this.layerOf(module)), bench.batches, done, of);
  }

  /** Steps of some work as progress, its time added to the phase's. Without `of`, the steps themselves are counted. */
  private async *working<T>(phase: CompressPhase, work: AsyncGenerator<void, T, undefined>, steps: number, done?: number, of?: number): Steps<T> {
    const { now } = this.context;
    for (let step = 1; ; step++) {
      const start = now(), next = await work.next();
      this.times[phase] += now() - start;
      if (next.done) return next.value;
      yield { type: 'progress', phase, done: done ?? step, of: of ?? steps };
    }
  }

  private async timed(phase: CompressPhase, work: () => void | Promise<void>): Promise<void> {
    const start = this.context.now();
    await work();
    this.times[phase] += this.context.now() - start;
  }

  private layerOf(module: number): number {
    return this.context.model.modules[module]!.layer;
  }

  /** The module's own weight, kept: it is cut again and again. */
  private weightOf(module: number): Float32Array {
    let w = this.weights.get(module);
    if (!w) this.weights.set(module, w = this.engine.materialiseWeight(module));
    return w;
  }

  private cut({ module, blocks, keep }: Pick<Candidate, 'module' | 'blocks' | 'keep'>): Float32Array {
    const info = this.context.model.modules[module]!, splitting = this.splittings.find((s) => s.blocks === blocks)!;
    return cut(this.weightOf(module), decompositions.of(info, splitting, () => this.weightOf(module)), keep);
  }

  /** One block, as LASER has it. */
  private cutTo(module: number, rho: number): Float32Array {
    const { model, spec } = this.context, whole = decompositions.of(model.modules[module]!, { blocks: 1, split: 'contiguous', seed: spec.seed }, () => this.weightOf(module));
    return cut(this.weightOf(module), whole, whole.blocks.map((b) => Math.floor(rho * b.sigma.length)));
  }

  private removalOf({ module, blocks, rho, keep, dropped }: Candidate): Removal {
    return { module, path: this.context.model.modules[module]!.path, blocks, rho, keep, dropped };
  }

  private spectrumOf(sums: SigmaGradients): Spectrum {
    const { module, blocks } = sums.of, round = (values: Float64Array) => Array.from(values, (v) => Number(v.toPrecision(6)));
    return { module, path: this.context.model.modules[module]!.path, blocks: blocks.length, sigma: blocks.map((b) => round(b.sigma)), gradient: sums.gradients().map(round) };
  }
}
