/** A model's weights with components taken out, and the decompositions they come from. */
import { cut, type Candidate, type Decomposition, type SigmaGradients } from '../methods/compress/candidates.ts';
import { Decompositions, type Splitting } from '../methods/compress/decompositions.ts';
import type { Spectrum } from './compress-state.ts';
import type { FullEngine, StudyContext } from './study.ts';

/** Kept for as long as the thread lives, for one model at a time. */
const decompositions = new Decompositions();

export class CutWeights {
  private readonly context: StudyContext;
  private readonly engine: FullEngine;
  private readonly own = new Map<number, Float32Array>();
  private readonly splittings: Splitting[];

  constructor(context: StudyContext, engine: FullEngine) {
    this.context = context;
    this.engine = engine;
    const { spec: { compress: { rowBlocks, split }, seed } } = context;
    this.splittings = rowBlocks.map((blocks) => ({ blocks, split, seed }));
  }

  /** Throws `bad-spec` where the decompositions would not fit. */
  open(): void {
    const { hash, modules } = this.context.model;
    decompositions.open(hash, modules, this.splittings);
  }

  /** The module's own weight, kept: what is cut once is cut again. To be asked for before another is put in its place. */
  of(module: number): Float32Array {
    let w = this.own.get(module);
    if (!w) this.own.set(module, w = this.engine.materialiseWeight(module));
    return w;
  }

  /** In `blocks` row blocks, one of the experiment's numbers. Throws `row-blocks`, `singular`. */
  decomposed(module: number, blocks: number): Decomposition {
    return this.decomposition(module, this.splittings.find((s) => s.blocks === blocks)!);
  }

  cut({ module, blocks, keep }: Pick<Candidate, 'module' | 'blocks' | 'keep'>): Float32Array {
    return cut(this.of(module), this.decomposed(module, blocks), keep);
  }

  /** One block, as LASER has it. */
  cutTo(module: number, rho: number): Float32Array {
    const whole = this.decomposition(module, { blocks: 1, split: 'contiguous', seed: this.context.spec.seed });
    return cut(this.of(module), whole, whole.blocks.map((b) => Math.floor(rho * b.sigma.length)));
  }

  /** What the plate shows of a module. */
  spectrum(sums: SigmaGradients): Spectrum {
    const { module, blocks } = sums.of, round = (values: Float64Array) => Array.from(values, (v) => Number(v.toPrecision(6)));
    return { module, path: this.context.model.modules[module]!.path, blocks: blocks.length, sigma: blocks.map((b) => round(b.sigma)), gradient: sums.gradients().map(round) };
  }

  private decomposition(module: number, splitting: Splitting): Decomposition {
    return decompositions.of(this.context.model.modules[module]!, splitting, () => this.own.get(module) ?? this.engine.materialiseWeight(module));
  }
}
