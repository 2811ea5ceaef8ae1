/**
 * The kernels of training and gradient statistics as functions on buffers. Each has a CPU reference
 * implementation in `training-twins.ts`. Work on many tensors is one submission.
 */
import { defined } from '../checked.ts';
import type { Dispatcher } from './dispatch.ts';
import { floatBits, fold, type Dispatch, type Slice } from './dispatch.ts';
import { adamWFactors, type AdamWStep, type AdapterPair, type RankRows } from './training-twins.ts';
import type { ModulePlace } from './twins.ts';

/** Ranks per tile in `shaders/adapter-gradient.wgsl`. */
const RANK_TILE = 8;
/** Tokens per tile in `shaders/gradient-norm.wgsl`. */
const TOKEN_TILE = 16;

/** Part of a float32 buffer: `count` numbers from `first` on. */
export interface SliceRange extends Slice {
  first: number;
  count: number;
}

/** The buffers of one module's adapter gradient. Each `scratch` holds `projectionBytes`. */
export interface AdapterGradientSlices {
  x: Slice;
  dy: Slice;
  place: ModulePlace;
  adapter: AdapterPair<Slice>;
  rows: RankRows;
  scale: number;
  into: AdapterPair<Slice>;
  scratch: AdapterPair<Slice>;
}

/** Buffers of one parameter. Gradient, moments and parameter have the same layout. */
export interface AdamWSlices {
  parameter: SliceRange;
  gradient: Slice;
  mean: Slice;
  square: Slice;
}

/**
 * Inputs for the directions of a module: `vectors` [blocks · count, out / blocks] and the product's
 * output, or [blocks · count, in] and the weight [out, in].
 */
export type SingularSlices = { dy: Slice; vectors: Slice } & (
  { side: 'output'; y: Slice } | { side: 'input'; x: Slice; w: Slice }
);

/** Bytes of x Aᵀ, or of dy · B, for `ranks` ranks. */
export const projectionBytes = (tokens: number, ranks: number): number =>
  4 * tokens * RANK_TILE * Math.ceil(ranks / RANK_TILE);

/** Bytes of scratch for `gradientNorms`. */
export const gramBytes = (tokens: number, sequences: number): number =>
  4 * sequences * Math.ceil(tokens / sequences / TOKEN_TILE) ** 2;

/** Inputs and destination of a sum over a module's gradient, one number per sequence. */
interface GradientSums {
  x: Slice;
  dy: Slice;
  place: ModulePlace;
  sequences: number;
  scratch: Slice;
  into: Slice;
  at: number;
}

export class TrainingKernels {
  private readonly dispatcher: Dispatcher;

  constructor(dispatcher: Dispatcher) {
    this.dispatcher = dispatcher;
  }

  /**
   * Writes rows `rows` of `into`: dA = scale · vᵀ x and dBᵀ = scale · uᵀ dy, with u = x Aᵀ and v =
   * dy · B.
   */
  adapterGradients(modules: readonly AdapterGradientSlices[]): void {
    const project: Dispatch[] = [];
    const accumulate: Dispatch[] = [];
    for (const { x, dy, place, adapter, rows, scale, into, scratch } of modules) {
      const { tokens, inFeatures, outFeatures, column, stride } = place;
      const count = rows.to - rows.from;
      const tiles = Math.ceil(count / RANK_TILE);
      const input = [tokens, inFeatures, 0, inFeatures, rows.from, count, floatBits(scale)];
      const output = [tokens, outFeatures, column, stride, rows.from, count, floatBits(scale)];
      const first = (values: Slice, factors: Slice, out: Slice, uniforms: number[]) =>
        project.push({
          shader: 'adapter-gradient',
          entryPoint: 'project',
          buffers: [values, factors, out],
          uniforms,
          groups: [Math.ceil(tokens / 4), tiles],
        });
      const then = ({
        values,
        projected,
        out,
        uniforms,
        columns,
      }: {
        values: Slice;
        projected: Slice;
        out: Slice;
        uniforms: number[];
        columns: number;
      }) =>
        accumulate.push({
          shader: 'adapter-gradient',
          entryPoint: 'accumulate',
          buffers: [values, projected, out],
          uniforms,
          groups: [Math.ceil(columns / 32), tiles],
        });
      first(x, adapter.a, scratch.a, input);
      first(dy, adapter.b, scratch.b, output);
      then({ values: x, projected: scratch.b, out: into.a, uniforms: input, columns: inFeatures });
      then({
        values: dy,
        projected: scratch.a,
        out: into.b,
        uniforms: output,
        columns: outFeatures,
      });
    }
    this.dispatcher.run([...project, ...accumulate]);
  }

  /** into[0] = Σ g² over all gradients. `scratch` holds one float32 per gradient. */
  squaredNorm(gradients: readonly SliceRange[], scratch: Slice, into: Slice): void {
    this.dispatcher.run([
      ...gradients.map((g, i): Dispatch => ({
        shader: 'sums',
        entryPoint: 'squares',
        buffers: [g, scratch],
        uniforms: [g.first, g.count, i],
        groups: [1],
      })),
      shares({ values: scratch, count: gradients.length, into, at: 0, sums: 1 }),
    ]);
  }

  /** One AdamW step of every parameter, in place. `squaredNorm` holds Σ g² over all gradients. */
  adamW(parameters: readonly AdamWSlices[], squaredNorm: Slice, step: AdamWStep): void {
    const { beta1, beta2, epsilon, maxNorm } = step;
    const { decay, size, root } = adamWFactors(step);
    const floats = [
      maxNorm ?? 0,
      decay,
      beta1,
      1 - beta1,
      beta2,
      1 - beta2,
      size,
      root,
      epsilon,
    ].map(floatBits);
    this.dispatcher.run(
      parameters.map(({ parameter, gradient, mean, square }): Dispatch => {
        const { first, count } = parameter;
        const [x, y] = fold(Math.ceil(count / 256));
        return {
          shader: 'adamw',
          entryPoint: 'adamw',
          buffers: [parameter, gradient, mean, square, squaredNorm],
          uniforms: [first, count, x * 256, maxNorm === null ? 0 : 1, ...floats],
          groups: [x, y],
        };
      }),
    );
  }

  /**
   * into[at + s] = ‖Σ_t dy_t x_tᵀ‖_F² over the tokens of sequence s. `scratch` holds `gramBytes`.
   */
  gradientNorms({ x, dy, place, sequences, scratch, into, at }: GradientSums): void {
    const { tokens, inFeatures, outFeatures, column, stride } = place;
    const length = tokens / sequences;
    const tiles = Math.ceil(length / TOKEN_TILE);
    this.dispatcher.run([
      {
        shader: 'gradient-norm',
        entryPoint: 'gram',
        buffers: [x, dy, scratch],
        uniforms: [length, inFeatures, outFeatures, column, stride, 0],
        groups: [tiles, tiles, sequences],
      },
      shares({ values: scratch, count: tiles * tiles, into, at, sums: sequences }),
    ]);
  }

  /**
   * into[at + s] = Σ_t ‖dy_t‖²‖x_t‖² over the tokens of sequence s. `scratch` holds one float32 per
   * token.
   */
  fisherSums({ x, dy, place, sequences, scratch, into, at }: GradientSums): void {
    const { tokens, inFeatures, outFeatures, column, stride } = place;
    const [across, down] = fold(tokens);
    this.dispatcher.run([
      {
        shader: 'gradient-norm',
        entryPoint: 'tokens',
        buffers: [x, dy, scratch],
        uniforms: [tokens, inFeatures, outFeatures, column, stride, across],
        groups: [across, down],
      },
      shares({ values: scratch, count: tokens / sequences, into, at, sums: sequences }),
    ]);
  }

  /**
   * Computes `twins.outputDirections` or `twins.inputDirections`, written from `at` on as
   * [blocks, sequences, count]. `scratch` is two buffers of `projectionBytes` of one block, and for
   * input directions a third of [tokens, in] float32.
   */
  singularGradients(
    taps: SingularSlices,
    {
      place,
      sequences,
      count,
      blocks,
      scratch,
      into,
      at,
    }: {
      place: ModulePlace;
      sequences: number;
      count: number;
      blocks: number;
      scratch: readonly [Slice, Slice, Slice | null];
      into: Slice;
      at: number;
    },
  ): void {
    const { tokens, inFeatures, outFeatures, column, stride } = place;
    const rows = outFeatures / blocks;
    const tiles = Math.ceil(count / RANK_TILE);
    const [one, other, z] = scratch;
    const project = ({
      values,
      out,
      block,
      columns,
      from,
      width,
    }: {
      values: Slice;
      out: Slice;
      block: number;
      columns: number;
      from: number;
      width: number;
    }): Dispatch => ({
      shader: 'adapter-gradient',
      entryPoint: 'project',
      buffers: [values, taps.vectors, out],
      uniforms: [tokens, columns, from, width, block * count, count, floatBits(1)],
      groups: [Math.ceil(tokens / 4), tiles],
    });
    const projections = (b: number): Dispatch[] => {
      const first = column + b * rows;
      if (taps.side === 'output')
        return [
          project({
            values: taps.dy,
            out: one,
            block: b,
            columns: rows,
            from: first,
            width: stride,
          }),
          project({
            values: taps.y,
            out: other,
            block: b,
            columns: rows,
            from: first,
            width: stride,
          }),
        ];
      return [
        {
          shader: 'singular-gradient',
          entryPoint: 'back',
          buffers: [taps.dy, taps.w, z],
          uniforms: [tokens, rows, b * rows, inFeatures, first, stride],
          groups: [Math.ceil(inFeatures / 64), Math.ceil(tokens / 4)],
        },
        project({
          values: taps.x,
          out: one,
          block: b,
          columns: inFeatures,
          from: 0,
          width: inFeatures,
        }),
        project({
          values: defined(z),
          out: other,
          block: b,
          columns: inFeatures,
          from: 0,
          width: inFeatures,
        }),
      ];
    };
    this.dispatcher.run(
      Array.from(
        { length: blocks },
        (_, b) =>
          [
            ...projections(b),
            {
              shader: 'singular-gradient',
              entryPoint: 'combine',
              buffers: [one, other, into],
              uniforms: [tokens / sequences, count, tiles * RANK_TILE, at + b * sequences * count],
              groups: [Math.ceil(count / 64), sequences],
            },
          ] satisfies Dispatch[],
      ).flat(),
    );
  }
}

/** into[at + s] = Σ of the s-th `count` numbers of `values`. */
function shares({
  values,
  count,
  into,
  at,
  sums,
}: {
  values: Slice;
  count: number;
  into: Slice;
  at: number;
  sums: number;
}): Dispatch {
  return {
    shader: 'sums',
    entryPoint: 'shares',
    buffers: [values, into],
    uniforms: [0, count, at],
    groups: [sums],
  };
}
