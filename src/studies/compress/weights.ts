/** A model's weights with components removed, and the decompositions they are computed from. */
import type { FullEngine } from '../../engine/engine.ts';
import { defined, elementAt } from '../../checked.ts';
import type { ModuleInfo } from '../../compiler/modules.ts';
import {
  cut,
  type Candidate,
  type Decomposition,
  type SigmaGradients,
} from '../../methods/compress/candidates.ts';
import {
  costOf,
  decompose,
  Decompositions,
  type SvdJob,
} from '../../methods/compress/decompositions.ts';
import { decomposedBy, type Threads } from '../../methods/compress/pool.ts';
import type { Splitting } from '../../methods/compress/row-blocks.ts';
import type { Spectrum } from './state.ts';
import type { StudyContext } from '../context.ts';

/** Cached for the lifetime of the thread, for one model at a time. */
const decompositions = new Decompositions();

/** Work (see `costOf`) above which other threads are started: about three seconds on one thread. */
const WORTH_THREADS = 2e9;

type Unknown = Pick<SvdJob, 'splitting'> & { module: ModuleInfo };

/** The current thread. */
const HERE: Threads = {
  count: 1,
  open: () => ({ decompose: async (job) => decompose(job), close: () => undefined }),
};

export class CutWeights {
  private readonly context: StudyContext;
  private readonly engine: FullEngine;
  private readonly own = new Map<number, Float32Array>();
  private readonly splittings: Splitting[];

  constructor(context: StudyContext, engine: FullEngine) {
    this.context = context;
    this.engine = engine;
    const {
      spec: {
        compress: { rowBlocks, split },
        seed,
      },
    } = context;
    this.splittings = rowBlocks.map((blocks) => ({ blocks, split, seed }));
  }

  /** Throws `bad-spec` if the decompositions would not fit in memory. */
  open(): void {
    const { hash, modules } = this.context.model;
    decompositions.open(hash, modules, this.splittings);
  }

  /**
   * The module's original weight, cached for later trials. Call it before another weight is set.
   */
  of(module: number): Float32Array {
    let w = this.own.get(module);
    if (!w) this.own.set(module, (w = this.engine.materialiseWeight(module)));
    return w;
  }

  /**
   * The decomposition into `blocks` row blocks, which must be one of the experiment's numbers.
   * Throws `row-blocks`, `singular`.
   */
  decomposed(module: number, blocks: number): Decomposition {
    return this.decomposition(module, defined(this.splittings.find((s) => s.blocks === blocks)));
  }

  /** The experiment's decompositions that are not cached yet. */
  unknown(): Unknown[] {
    return this.context.model.modules.flatMap((module) =>
      this.splittings
        .filter((s) => !decompositions.has(module, s))
        .map((splitting) => ({ module, splitting })),
    );
  }

  /**
   * Computes decompositions, on other threads if the work justifies starting them. Yields the
   * finished fraction. Throws `row-blocks`, `singular`, `worker-died`.
   */
  async *decompose(todo: readonly Unknown[]): AsyncGenerator<number, void, undefined> {
    const { threads } = this.context;
    const whole = todo.reduce(
      (sum, { module, splitting }) => sum + costOf(module, splitting.blocks),
      0,
    );
    const jobs = todo.map(({ module, splitting }) => () => ({
      module,
      splitting,
      w: this.ownWeight(module.index),
    }));
    let done = 0;
    for await (const { job, blocks } of decomposedBy(
      threads && whole > WORTH_THREADS ? await threads() : HERE,
      jobs,
    )) {
      const { module, splitting } = elementAt(todo, job);
      decompositions.set(elementAt(todo, job), blocks);
      yield (done += costOf(module, splitting.blocks)) / whole;
    }
  }

  cut({ module, blocks, keep }: Pick<Candidate, 'module' | 'blocks' | 'keep'>): Float32Array {
    return cut(this.of(module), this.decomposed(module, blocks), keep);
  }

  /** One block, as in LASER. */
  cutTo(module: number, rho: number): Float32Array {
    const whole = this.decomposition(module, {
      blocks: 1,
      split: 'contiguous',
      seed: this.context.spec.seed,
    });
    return cut(
      this.of(module),
      whole,
      whole.blocks.map((b) => Math.floor(rho * b.sigma.length)),
    );
  }

  /** The singular values and gradients of a module, for the panel. */
  spectrum(sums: SigmaGradients): Spectrum {
    const { module, blocks } = sums.of;
    const round = (values: Float64Array) => Array.from(values, (v) => Number(v.toPrecision(6)));
    return {
      module,
      path: elementAt(this.context.model.modules, module).path,
      blocks: blocks.length,
      sigma: blocks.map((b) => round(b.sigma)),
      gradient: sums.gradients().map(round),
    };
  }

  private decomposition(module: number, splitting: Splitting): Decomposition {
    return decompositions.of(elementAt(this.context.model.modules, module), splitting, () =>
      this.ownWeight(module),
    );
  }

  private ownWeight(module: number): Float32Array {
    return this.own.get(module) ?? this.engine.materialiseWeight(module);
  }
}
