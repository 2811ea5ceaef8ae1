/**
 * The pruning kernels as functions on buffers. Each has a CPU reference implementation in
 * `sparse-twins.ts`.
 */
import type { Dispatcher } from './dispatch.ts';
import { floatBits, fold, type Dispatch, type Slice } from './dispatch.ts';
import type { PrunePattern, WeightShape } from './sparse-twins.ts';
import type { AdapterPair } from './training-twins.ts';
import type { ModulePlace } from './twins.ts';

/**
 * The first `rank` ranks of an adapter: A [≥ rank, inputs], Bᵀ [≥ rank, outputs], and the scale s.
 */
export interface AdapterSlices {
  pair: AdapterPair<Slice>;
  rank: number;
  scale: number;
}

export class SparseKernels {
  private readonly dispatcher: Dispatcher;

  constructor(dispatcher: Dispatcher) {
    this.dispatcher = dispatcher;
  }

  /** out[first …] = M ⊙ (weight[first …] + s B A). `mask` and `adapter` may be null. */
  merge(
    weight: Slice,
    {
      first,
      shape: { outputs, inputs },
      mask,
      adapter,
      out,
    }: {
      first: number;
      shape: WeightShape;
      mask: Slice | null;
      adapter: AdapterSlices | null;
      out: Slice;
    },
  ): void {
    this.dispatcher.run([
      {
        shader: 'masked',
        entryPoint: 'merge',
        buffers: [
          weight,
          mask ?? weight,
          adapter?.pair.a ?? weight,
          adapter?.pair.b ?? weight,
          out,
        ],
        uniforms: [
          outputs,
          inputs,
          adapter?.rank ?? 0,
          first,
          mask ? 1 : 0,
          0,
          0,
          0,
          floatBits(adapter?.scale ?? 0),
        ],
        groups: [Math.ceil(inputs / 16), Math.ceil(outputs / 16)],
      },
    ]);
  }

  /**
   * Writes ranks `[0, rank)` of `into`: dA = s Bᵀ(G ⊙ M), dBᵀ = s A (G ⊙ M)ᵀ. `scratch` holds
   * [out, in] float32. `mask` may be null.
   */
  maskedGradient({
    x,
    dy,
    place,
    mask,
    adapter: { pair, rank, scale },
    into,
    scratch,
  }: {
    x: Slice;
    dy: Slice;
    place: ModulePlace;
    mask: Slice | null;
    adapter: AdapterSlices;
    into: AdapterPair<Slice>;
    scratch: Slice;
  }): void {
    const { tokens, inFeatures, outFeatures, column, stride } = place;
    const uniforms = [
      outFeatures,
      inFeatures,
      rank,
      0,
      mask ? 1 : 0,
      tokens,
      column,
      stride,
      floatBits(scale),
    ];
    const step = (
      entryPoint: string,
      buffers: Dispatch['buffers'],
      groups: number[],
    ): Dispatch => ({ shader: 'masked', entryPoint, buffers, uniforms, groups });
    this.dispatcher.run([
      step(
        'gradient',
        [x, mask ?? x, dy, null, scratch],
        [Math.ceil(inFeatures / 16), Math.ceil(outFeatures / 16)],
      ),
      step('to_a', [scratch, null, null, pair.b, into.a], [Math.ceil(inFeatures / 64), rank]),
      step('to_b', [scratch, null, pair.a, null, into.b], [outFeatures, rank]),
    ]);
  }

  /**
   * Sets the bits of the weights of weight[first …] that are retained. `mask` must be zero on
   * entry. Without `norms` [inputs] the metric is the magnitude alone.
   */
  pruneMask(
    weight: Slice,
    {
      first,
      shape: { outputs, inputs },
      norms,
      pattern,
      mask,
    }: {
      first: number;
      shape: WeightShape;
      norms: Slice | null;
      pattern: PrunePattern;
      mask: Slice;
    },
  ): void {
    const rows = pattern.kind === 'row';
    const [x, y] = fold(
      rows ? outputs : Math.ceil((outputs * Math.ceil(inputs / pattern.of)) / 64),
    );
    this.dispatcher.run([
      {
        shader: 'prune-mask',
        entryPoint: pattern.kind,
        buffers: [weight, norms ?? weight, mask],
        uniforms: [
          outputs,
          inputs,
          first,
          norms ? 1 : 0,
          rows ? pattern.drop : pattern.keep,
          rows ? 0 : pattern.of,
          rows ? x : x * 64,
        ],
        groups: [x, y],
      },
    ]);
  }

  /** out[k] = Σ_t (x[t, k] − y[t, k])², or Σ_t x[t, k]² if `y` is null. */
  columnSquares({
    x,
    y,
    tokens,
    columns,
    out,
  }: {
    x: Slice;
    y: Slice | null;
    tokens: number;
    columns: number;
    out: Slice;
  }): void {
    this.dispatcher.run([
      {
        shader: 'activations',
        entryPoint: 'columns',
        buffers: [x, y ?? x, out],
        uniforms: [tokens, columns, y ? 1 : 0],
        groups: [Math.ceil(columns / 32)],
      },
    ]);
  }

  /** out [samples, samples] = dot products of whole samples of `size` numbers. */
  gram(x: Slice, samples: number, size: number, out: Slice): void {
    this.dispatcher.run([
      {
        shader: 'activations',
        entryPoint: 'gram',
        buffers: [x, null, out],
        uniforms: [samples, size, 0],
        groups: [samples, samples],
      },
    ]);
  }
}
