/**
 * Training on the CPU: products as graphs, to use the runtime's threads. The rest are the reference
 * implementations of the kernels.
 */
import { defined } from '../../checked.ts';
import { adamW, fisherSums, sumOfSquares, type AdamWStep } from '../../device/training-twins.ts';
import { cpu } from './cpu-tensor.ts';
import { GraphSessions } from './graph-sessions.ts';
import { elements, type DeviceTensor } from './backend.ts';
import { cpuTensor, type Ort, type SessionOptions } from './ort.ts';
import {
  adapterGradient,
  gramMatrices,
  inputDirections,
  outputDirections,
} from './training-graphs.ts';
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

/** Rows `rows` of a tensor, in place. */
function rowsOf({ tensor, rows: { from, to } }: TensorRows): Float32Array {
  const width = elements(tensor.dims.slice(1));
  return cpu(tensor).data.subarray(from * width, to * width);
}

/**
 * A module's own columns of dy, [tokens, out]. Aliases dy if the module has all columns; otherwise
 * copies.
 */
export function columnsOf(taps: ModuleTaps): Float32Array {
  const { tokens, outFeatures, column, stride } = placeOf(taps);
  const all = cpu(taps.dy).data;
  if (outFeatures === stride) return all;
  const own = new Float32Array(tokens * outFeatures);
  for (let t = 0; t < tokens; t++)
    own.set(all.subarray(t * stride + column, t * stride + column + outFeatures), t * outFeatures);
  return own;
}

export class CpuTraining implements TrainingOps {
  readonly inGraph = true;
  private readonly ort: Ort;
  private readonly graphs: GraphSessions;

  constructor(ort: Ort, options: SessionOptions) {
    this.ort = ort;
    this.graphs = new GraphSessions(ort, options);
  }

  async adapterGradients(modules: readonly AdapterGradient[]): Promise<void> {
    for (const { taps, adapter, rows, scale, into } of modules) {
      const { tokens, inFeatures, outFeatures } = placeOf(taps);
      const rank = rows.to - rows.from;
      const { da, db } = await this.graphs.run(adapterGradient, 'the adapter gradients', {
        x: this.graphs.tensor(cpu(taps.x).data, [tokens, inFeatures]),
        dy: this.graphs.tensor(columnsOf(taps), [tokens, outFeatures]),
        a: this.graphs.tensor(rowsOf({ tensor: adapter.a, rows }), [rank, inFeatures]),
        b: this.graphs.tensor(rowsOf({ tensor: adapter.b, rows }), [rank, outFeatures]),
      });
      for (const [gradient, tensor] of [
        [defined(da), into.a],
        [defined(db), into.b],
      ] as const) {
        const target = rowsOf({ tensor, rows });
        const values = gradient.data as Float32Array;
        for (let i = 0; i < target.length; i++) target[i] = scale * values[i]!;
      }
    }
  }

  async squaredNorm(gradients: readonly TensorRows[], into: DeviceTensor): Promise<void> {
    cpu(into).data[0] = gradients.reduce(
      (sum, gradient) => sum + sumOfSquares(rowsOf(gradient)),
      0,
    );
  }

  async adamW(
    parameters: readonly AdamWParameter[],
    squaredNorm: DeviceTensor,
    step: AdamWStep,
  ): Promise<void> {
    for (const { parameter, gradient, mean, square, rows } of parameters) {
      const [p, g, m, v] = [parameter, gradient, mean, square].map((tensor) =>
        rowsOf({ tensor, rows }),
      ) as [Float32Array, Float32Array, Float32Array, Float32Array];
      adamW({ p, g, m, v, squaredNorm: cpu(squaredNorm).data[0]!, step });
    }
  }

  async gradientNorms(
    taps: ModuleTaps,
    sequences: number,
    into: DeviceTensor,
    at: number,
  ): Promise<void> {
    const { tokens, inFeatures, outFeatures } = placeOf(taps);
    const length = tokens / sequences;
    const size = length * length;
    const inputs = await this.gram(cpu(taps.x).data, [sequences, length, inFeatures]);
    const outputs = await this.gram(columnsOf(taps), [sequences, length, outFeatures]);
    for (let s = 0; s < sequences; s++) {
      let sum = 0;
      for (let i = s * size; i < (s + 1) * size; i++) sum += inputs[i]! * outputs[i]!;
      cpu(into).data[at + s] = sum;
    }
  }

  async fisherSums(
    taps: ModuleTaps,
    sequences: number,
    into: DeviceTensor,
    at: number,
  ): Promise<void> {
    cpu(into).data.set(
      fisherSums(cpu(taps.x).data, cpu(taps.dy).data, placeOf(taps), sequences),
      at,
    );
  }

  async singularGradients(
    taps: ModuleTaps,
    directions: Directions,
    { sequences, into, at }: SingularTarget,
  ): Promise<void> {
    const { tokens, inFeatures, outFeatures } = placeOf(taps);
    const { blocks } = directions;
    const rows = outFeatures / blocks;
    const count = directions.vectors.dims[0]! / blocks;
    const { graphs } = this;
    const vectors = (width: number) =>
      graphs.tensor(cpu(directions.vectors).data, [blocks, count, width]);
    const outputs = (own: ModuleTaps) => graphs.tensor(columnsOf(own), [tokens, blocks, rows]);
    const dy = outputs(taps);
    const shape = cpuTensor(
      this.ort,
      'int64',
      [4],
      new Uint8Array(
        BigInt64Array.from([blocks, sequences, tokens / sequences, count], BigInt).buffer,
      ),
    );
    const { g } =
      directions.side === 'output'
        ? await graphs.run(outputDirections, 'the singular gradients', {
            dy,
            y: outputs({ ...taps, dy: directions.y }),
            u: vectors(rows),
            shape,
          })
        : await graphs.run(inputDirections, 'the singular gradients', {
            x: graphs.tensor(cpu(taps.x).data, [tokens, inFeatures]),
            dy,
            w: graphs.tensor(cpu(directions.w).data, [blocks, rows, inFeatures]),
            v: vectors(inFeatures),
            shape,
          });
    cpu(into).data.set(defined(g).data as Float32Array, at);
  }

  dispose(): Promise<void> {
    return this.graphs.dispose();
  }

  private async gram(x: Float32Array, dims: readonly number[]): Promise<Float32Array> {
    return defined(
      (
        await this.graphs.run(gramMatrices, 'the gradient norms', {
          x: this.graphs.tensor(x, dims),
        })
      ).gram,
    ).data as Float32Array;
  }
}
