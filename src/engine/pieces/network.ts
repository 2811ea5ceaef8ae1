/** Runs the cut model forward and backward, block by block. */
import { elementAt } from '../../checked.ts';
import type { CompiledModel } from '../../compiler/compiled.ts';
import type { Backend, DeviceTensor } from '../backends/backend.ts';
import type { TokenBatch } from '../engine.ts';
import type { Pieces, Shape } from './pieces.ts';

/** Adapter inputs of a layer, by name. */
export type AdapterFeeds = (layer: number) => ReadonlyMap<string, DeviceTensor>;

/** Weights that replace a layer's own, by name. Called just before the layer runs. */
export type LayerWeights = (layer: number) => Promise<ReadonlyMap<string, DeviceTensor>>;

/**
 * Outputs of one block's backward pass, by the names of its sites: inputs of its products and the
 * gradients at their outputs, or the adapters' gradients.
 */
export type LayerGradients = ReadonlyMap<string, DeviceTensor>;

/** Options of a pass. By default the clean model runs. */
export interface Course {
  /** Forward pass: the layers that run, in order. Default: all. */
  layers?: readonly number[] | undefined;
  adapters?: AdapterFeeds;
  weights?: LayerWeights;
  /**
   * Saved activations by layer. The forward pass with adapters appends them, and the backward pass
   * removes and disposes them. Without `saved`, the backward pass recomputes all activations.
   */
  saved?: ReadonlyMap<string, DeviceTensor>[];
  /** The clean model's backward pass also returns every product's output (`out`). */
  observed?: boolean;
  /**
   * The backward pass returns the gradients of the adapters themselves (`gradA`, `gradB`). Requires
   * `saved`.
   */
  direct?: boolean;
}

export const shapeOf = ({ sequences, length }: TokenBatch): Shape => ({ batch: sequences, length });

export class Network {
  private readonly model: CompiledModel;
  private readonly backend: Backend;
  private readonly pieces: Pieces;

  constructor(model: CompiledModel, backend: Backend, pieces: Pieces) {
    this.model = model;
    this.backend = backend;
    this.pieces = pieces;
  }

  /**
   * Inputs of all blocks that run, then the input of the head: tensors [sequences, length, hidden],
   * one more than blocks.
   */
  async forward(
    batch: TokenBatch,
    { layers, adapters, weights, saved }: Course = {},
  ): Promise<DeviceTensor[]> {
    const shape = shapeOf(batch);
    const stream = [await this.embed(batch)];
    const variant = !adapters ? 'plain' : saved ? 'saved' : 'adapted';
    for (const layer of layers ?? this.model.blocks.keys()) {
      const out = await this.pieces.block({
        shape,
        layer,
        variant,
        x: elementAt(stream, -1),
        others: adapters?.(layer),
        weights: await weights?.(layer),
      });
      const [[, y], ...rest] = [...out] as [[string, DeviceTensor], ...[string, DeviceTensor][]];
      stream.push(y);
      saved?.push(new Map(rest));
    }
    return stream;
  }

  /**
   * Propagates the gradient `dy` from the end of `stream` (see `forward`) through all blocks.
   * `visit` gets each layer's gradients, last layer first; they are disposed afterwards. `residual`
   * gets the gradient of each block's input. Disposes `dy`.
   */
  async backward(
    batch: TokenBatch,
    stream: readonly DeviceTensor[],
    {
      dy,
      course: { adapters, weights, saved, direct, observed } = {},
      residual,
    }: {
      dy: DeviceTensor;
      course?: Course;
      residual?: ((layer: number, dx: DeviceTensor) => Promise<void>) | undefined;
    },
    visit: (layer: number, gradients: LayerGradients) => Promise<void>,
  ): Promise<void> {
    const variant = !adapters
      ? observed
        ? 'observed'
        : 'backward'
      : !saved
        ? 'adaptedBackward'
        : direct
          ? 'adapterBackward'
          : 'savedBackward';
    let gradient = dy;
    for (let layer = this.model.layers - 1; layer >= 0; layer--) {
      const left = saved?.pop() ?? new Map<string, DeviceTensor>();
      const feeds = new Map([['dy', gradient], ...(adapters?.(layer) ?? []), ...left]);
      const out = await this.pieces.block({
        shape: shapeOf(batch),
        layer,
        variant,
        x: elementAt(stream, layer),
        others: feeds,
        weights: await weights?.(layer),
      });
      for (const used of left.values()) used.dispose();
      const [[, dx], ...rest] = [...out] as [[string, DeviceTensor], ...[string, DeviceTensor][]];
      gradient.dispose();
      gradient = dx;
      await visit(layer, new Map(rest));
      for (const [, used] of rest) used.dispose();
      await residual?.(layer, dx);
    }
    gradient.dispose();
  }

  /** The input of the first block. */
  async embed(batch: TokenBatch): Promise<DeviceTensor> {
    const lookups = this.lookUp(batch);
    const x = await this.pieces.embedding(shapeOf(batch), lookups);
    for (const lookup of lookups.values()) lookup.dispose();
    return x;
  }

  /** The inputs of the embedding piece. */
  lookUp({ sequences, length, ids }: TokenBatch): ReadonlyMap<string, DeviceTensor> {
    return new Map(
      this.model.lookups.map(({ input, source, width, read }) => {
        const rows = new Float32Array(sequences * length * width);
        for (let i = 0; i < sequences * length; i++)
          read(
            source === 'input_ids' ? ids[i]! : i % length,
            rows.subarray(i * width, (i + 1) * width),
          );
        return [
          input,
          this.backend.upload('float32', [sequences, length, width], new Uint8Array(rows.buffer)),
        ];
      }),
    );
  }
}
