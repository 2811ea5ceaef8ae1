/**
 * Candidates of Compress to Impress, scored by one backward pass. [methods.md §5; arXiv 2510.20800]
 *
 * With gᵢ = dL/dσᵢ = uᵢᵀ G vᵢ, dropping components changes the loss by −Σ σᵢ gᵢ to first order. The
 * score is Σ σᵢ gᵢ; larger is better to drop. The curvature term is our addition. For
 * log-likelihoods the Hessian is near the empirical Fisher matrix, Σₙ of squared per-sequence
 * gradients. A candidate needs only their sum over the dropped components, so it costs no second
 * pass.
 */
import { elementAt } from '../../checked.ts';
import type { ModuleInfo } from '../../compiler/modules.ts';
import type { WeightDirections } from '../../engine/engine.ts';
import { otherSide, truncate, type BlockSvd } from './svd.ts';

/** LASER's grid of retained fractions. */
export const RHO_GRID = [0.9, 0.8, 0.6, 0.4, 0.2, 0.1, 0.05, 0.01, 0.005] as const;

/** The weight of a module, decomposed block by block. */
export interface Decomposition {
  module: number;
  outFeatures: number;
  inFeatures: number;
  blocks: readonly BlockSvd[];
  /** For equal contiguous blocks: the vectors of all blocks, concatenated. */
  together?: Float32Array;
}

/**
 * Builds a decomposition. Vectors of equal contiguous blocks are stored consecutively, so that the
 * engine processes them in one call. The blocks' vectors then alias `together`.
 */
export function decompositionOf(
  { index, outFeatures, inFeatures }: Pick<ModuleInfo, 'index' | 'outFeatures' | 'inFeatures'>,
  blocks: readonly BlockSvd[],
): Decomposition {
  const of = { module: index, outFeatures, inFeatures };
  const {
    rows: { length: count },
    vectors: { length: size },
  } = elementAt(blocks, 0);
  if (
    !blocks.every(
      (b, i) => b.rows.length === count && b.rows[0] === i * count && isContiguous(b.rows),
    )
  )
    return { ...of, blocks };
  const together = new Float32Array(blocks.length * size);
  return {
    ...of,
    together,
    blocks: blocks.map((b, i) => {
      together.set(b.vectors, i * size);
      return { ...b, vectors: together.subarray(i * size, (i + 1) * size) };
    }),
  };
}

const isContiguous = (rows: Int32Array): boolean =>
  elementAt(rows, -1) - rows[0]! === rows.length - 1;

export interface Candidate {
  module: number;
  /** Number of row blocks. */
  blocks: number;
  rho: number;
  /** Components retained in each block. */
  keep: number[];
  /** Components dropped in all blocks. */
  dropped: number;
  /**
   * Σ σᵢ gᵢ over the dropped components: the predicted decrease of the loss in nats per token, to
   * first order.
   */
  score: number;
  /**
   * ½ δᵀFδ of the removal, in nats per token: the increase predicted by the empirical Fisher
   * matrix.
   */
  curvature: number;
}

/** Components a block retains: floor(ρ · min(rows, in)). */
export const retainedComponents = ({ sigma }: BlockSvd, rho: number): number =>
  Math.floor(rho * sigma.length);

/** Returns a copy of `w` [out, in] in which every block retains its first `retained` components. */
export function cut(
  w: Float32Array,
  { blocks, inFeatures }: Decomposition,
  retained: readonly number[],
): Float32Array {
  const out = w.slice();
  blocks.forEach((block, b) => truncate(out, inFeatures, block, retained[b]!));
  return out;
}

/**
 * Converts a decomposition of the weight `w` to the engine's directions. The rows of a cluster are
 * not contiguous, so their vectors are scattered over all rows. They are output vectors whichever
 * side is stored.
 */
export function directionsOf(
  { module, outFeatures, inFeatures, blocks, together }: Decomposition,
  w: () => Float32Array,
): WeightDirections[] {
  if (together)
    return [
      {
        module,
        first: 0,
        rows: outFeatures / blocks.length,
        blocks: blocks.length,
        side: elementAt(blocks, 0).side,
        vectors: together,
      },
    ];
  return blocks.map((block) => {
    const { rows, sigma } = block;
    const m = sigma.length;
    const vectors = new Float32Array(m * outFeatures);
    const other = block.side === 'input' ? otherSide(w(), inFeatures, block, m) : null;
    for (let i = 0; i < m; i++)
      rows.forEach((row, r) => {
        vectors[i * outFeatures + row] = !other
          ? block.vectors[i * m + r]!
          : sigma[i]! > 0
            ? other[i * rows.length + r]! / sigma[i]!
            : 0;
      });
    return { module, first: 0, rows: outFeatures, side: 'output', vectors };
  });
}

/** Accumulates σᵢ gᵢ of one decomposition's components over batches. */
export class SigmaGradients {
  readonly of: Decomposition;
  /** Σ over tokens, by block: σᵢ gᵢ times the number of predicted tokens. */
  private readonly sums: Float64Array[];
  /** By ρ: Σₙ (Σ σᵢ gₙᵢ over the dropped components)², n the sequences. */
  private readonly squares: Float64Array;
  private tokens = 0;

  constructor(of: Decomposition) {
    this.of = of;
    this.sums = of.blocks.map(({ sigma }) => new Float64Array(sigma.length));
    this.squares = new Float64Array(RHO_GRID.length);
  }

  /**
   * Adds the engine's result for `directionsOf`, taken from the mean loss over `tokens` predicted
   * tokens.
   */
  add(found: readonly Float32Array[], sequences: number, tokens: number): void {
    const { blocks, together } = this.of;
    const size = sequences * elementAt(blocks, 0).sigma.length;
    const gradients = together
      ? blocks.map((_, b) => elementAt(found, 0).subarray(b * size, (b + 1) * size))
      : found;
    this.tokens += tokens;
    for (let n = 0; n < sequences; n++) {
      const dropped = new Float64Array(RHO_GRID.length);
      this.of.blocks.forEach(({ sigma: { length: m } }, b) => {
        const retained = RHO_GRID.map((rho) =>
          retainedComponents(elementAt(this.of.blocks, b), rho),
        );
        const sums = elementAt(this.sums, b);
        let running = 0;
        let at = 0;
        for (let i = m - 1; i >= 0; i--) {
          const g = elementAt(gradients, b)[n * m + i]! * tokens;
          sums[i]! += g;
          running += g;
          // The grid is decreasing: the smallest removal comes first.
          while (at < retained.length && retained[at] === m) at++;
          while (at < retained.length && retained[at] === i) dropped[at++]! += running;
        }
      });
      dropped.forEach((s, r) => {
        this.squares[r]! += s * s;
      });
    }
  }

  /**
   * σᵢ gᵢ of the mean loss, by block: its decrease, to first order, when the component is removed.
   */
  contributions(): Float64Array[] {
    return this.sums.map((s) => s.map((g) => g / this.tokens));
  }

  /** gᵢ of the mean loss, by block; 0 for a component with σᵢ = 0. */
  gradients(): Float64Array[] {
    return this.contributions().map((c, b) =>
      c.map((value, i) =>
        elementAt(this.of.blocks, b).sigma[i]! > 0
          ? value / elementAt(this.of.blocks, b).sigma[i]!
          : 0,
      ),
    );
  }

  /** One candidate for each ρ that drops components and differs from the candidate before it. */
  candidates(): Candidate[] {
    const owed = this.contributions();
    const { module, blocks } = this.of;
    const out: Candidate[] = [];
    RHO_GRID.forEach((rho, r) => {
      const keep = blocks.map((block) => retainedComponents(block, rho));
      const dropped = blocks.reduce((n, { sigma }, b) => n + sigma.length - keep[b]!, 0);
      if (dropped === 0 || out.at(-1)?.dropped === dropped) return;
      out.push({
        module,
        blocks: blocks.length,
        rho,
        keep,
        dropped,
        score: owed.reduce((sum, own, b) => sum + sumOf(own, keep[b]!, own.length), 0),
        curvature: this.squares[r]! / (2 * this.tokens),
      });
    });
    return out;
  }
}

/** Σ of values [from, to). */
export function sumOf(values: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i]!;
  return sum;
}

/** The quantity that sorts the scan, largest first. */
export type Ranking = 'first-order' | 'curvature';

export const worth = ({ score, curvature }: Candidate, ranking: Ranking): number =>
  ranking === 'curvature' ? score - curvature : score;

/**
 * Candidates in the order in which they are tried: every module's best, most promising first, then
 * every module's second, and so on, since one module can take one form only. A module without
 * components is the same for every split, so it appears once.
 */
export function ordered(candidates: readonly Candidate[], ranking: Ranking): Candidate[] {
  const turns = new Map<number, number>();
  const gone = new Set<number>();
  const out: { candidate: Candidate; turn: number }[] = [];
  for (const candidate of [...candidates].sort((a, b) => worth(b, ranking) - worth(a, ranking))) {
    const { module, keep } = candidate;
    const nothing = keep.every((k) => k === 0);
    if (nothing && gone.has(module)) continue;
    if (nothing) gone.add(module);
    const turn = turns.get(module) ?? 0;
    turns.set(module, turn + 1);
    out.push({ candidate, turn });
  }
  return out.sort((a, b) => a.turn - b.turn).map((o) => o.candidate);
}
