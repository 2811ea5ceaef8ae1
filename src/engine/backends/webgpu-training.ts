/** Training on WebGPU: our kernels on the runtime's queue, with scratch buffers from the pool. */
import type { BufferPool } from '../../device/buffers.ts';
import type { Dispatcher, Slice } from '../../device/dispatch.ts';
import {
  gramBytes,
  projectionBytes,
  TrainingKernels,
  type SliceRange,
} from '../../device/training-kernels.ts';
import type { AdamWStep } from '../../device/training-twins.ts';
import { elements, type DeviceTensor } from './backend.ts';
import { sliceOf } from './gpu-tensor.ts';
import {
  placeOf,
  type AdamWParameter,
  type AdapterGradient,
  type Directions,
  type ModuleTaps,
  type SingularTarget,
  type TensorRows,
  type TrainingOps,
} from './training-ops.ts';

/** Rows of a tensor as part of its buffer. */
function sliceRangeOf({ tensor, rows: { from, to } }: TensorRows): SliceRange {
  const width = elements(tensor.dims.slice(1));
  return { ...sliceOf(tensor), first: from * width, count: (to - from) * width };
}

export class WebGpuTraining implements TrainingOps {
  readonly inGraph = false;
  private readonly pool: BufferPool;
  private readonly kernels: TrainingKernels;

  constructor(dispatcher: Dispatcher, pool: BufferPool) {
    this.pool = pool;
    this.kernels = new TrainingKernels(dispatcher);
  }

  async adapterGradients(modules: readonly AdapterGradient[]): Promise<void> {
    this.withScratch((scratch) =>
      this.kernels.adapterGradients(
        modules.map(({ taps, adapter, rows, scale, into }) => {
          const place = placeOf(taps);
          const bytes = projectionBytes(place.tokens, rows.to - rows.from);
          return {
            x: sliceOf(taps.x),
            dy: sliceOf(taps.dy),
            place,
            rows,
            scale,
            adapter: { a: sliceOf(adapter.a), b: sliceOf(adapter.b) },
            into: { a: sliceOf(into.a), b: sliceOf(into.b) },
            scratch: { a: scratch(bytes), b: scratch(bytes) },
          };
        }),
      ),
    );
  }

  async squaredNorm(gradients: readonly TensorRows[], into: DeviceTensor): Promise<void> {
    this.withScratch((scratch) =>
      this.kernels.squaredNorm(
        gradients.map(sliceRangeOf),
        scratch(4 * gradients.length),
        sliceOf(into),
      ),
    );
  }

  async adamW(
    parameters: readonly AdamWParameter[],
    squaredNorm: DeviceTensor,
    step: AdamWStep,
  ): Promise<void> {
    this.kernels.adamW(
      parameters.map(({ parameter, gradient, mean, square, rows }) => ({
        parameter: sliceRangeOf({ tensor: parameter, rows }),
        gradient: sliceOf(gradient),
        mean: sliceOf(mean),
        square: sliceOf(square),
      })),
      sliceOf(squaredNorm),
      step,
    );
  }

  async gradientNorms(
    taps: ModuleTaps,
    sequences: number,
    into: DeviceTensor,
    at: number,
  ): Promise<void> {
    const place = placeOf(taps);
    this.withScratch((scratch) =>
      this.kernels.gradientNorms({
        x: sliceOf(taps.x),
        dy: sliceOf(taps.dy),
        place,
        sequences,
        scratch: scratch(gramBytes(place.tokens, sequences)),
        into: sliceOf(into),
        at,
      }),
    );
  }

  async fisherSums(
    taps: ModuleTaps,
    sequences: number,
    into: DeviceTensor,
    at: number,
  ): Promise<void> {
    const place = placeOf(taps);
    this.withScratch((scratch) =>
      this.kernels.fisherSums({
        x: sliceOf(taps.x),
        dy: sliceOf(taps.dy),
        place,
        sequences,
        scratch: scratch(4 * place.tokens),
        into: sliceOf(into),
        at,
      }),
    );
  }

  async singularGradients(
    taps: ModuleTaps,
    directions: Directions,
    { sequences, into, at }: SingularTarget,
  ): Promise<void> {
    const place = placeOf(taps);
    const { blocks } = directions;
    const count = directions.vectors.dims[0]! / blocks;
    const bytes = projectionBytes(place.tokens, count);
    const own = { dy: sliceOf(taps.dy), vectors: sliceOf(directions.vectors) };
    this.withScratch((scratch) =>
      this.kernels.singularGradients(
        directions.side === 'output'
          ? { ...own, side: 'output', y: sliceOf(directions.y) }
          : { ...own, side: 'input', x: sliceOf(taps.x), w: sliceOf(directions.w) },
        {
          place,
          sequences,
          count,
          blocks,
          scratch: [
            scratch(bytes),
            scratch(bytes),
            directions.side === 'input' ? scratch(4 * place.tokens * place.inFeatures) : null,
          ],
          into: sliceOf(into),
          at,
        },
      ),
    );
  }

  /**
   * Returns the buffers acquired by `work` to the pool. The queue runs in order, so the next user
   * comes later.
   */
  private withScratch(work: (scratch: (bytes: number) => Slice) => void): void {
    const taken: GPUBuffer[] = [];
    try {
      work((bytes) => {
        const buffer = this.pool.acquire(bytes);
        taken.push(buffer);
        return { buffer, bytes };
      });
    } finally {
      for (const buffer of taken) this.pool.release(buffer);
    }
  }
}
