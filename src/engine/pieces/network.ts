/** The cut model run forwards and backwards, block by block. */
import { elementAt } from '../../checked.ts';
import type { CompiledModel } from '../../compiler/compiled.ts';
import type { Backend, DeviceTensor } from '../backends/backend.ts';
import type { TokenBatch } from '../engine.ts';
import type { Pieces, Shape } from './pieces.ts';

/** Adapter inputs of a layer, by name. */
export type AdapterFeeds = (layer: number) => ReadonlyMap<string, DeviceTensor>;

/** Weights that a layer runs with instead of its own, by name; asked for right before it runs. */
export type LayerWeights = (layer: number) => Promise<ReadonlyMap<string, DeviceTensor>>;

/**
 * What one block's backward pass leaves, by the names of its sites: inputs of its products and the
 * gradients at their outputs, or the adapters' gradients.
 */
export type LayerGradients = ReadonlyMap<string, DeviceTensor>;

/** How the blocks run; nothing: the clean model. */
export interface Course {
  /** Of a forward pass: those that run, one behind the other; absent: all. */
  layers?: readonly number[] | undefined;
  adapters?: AdapterFeeds;
  weights?: LayerWeights;
  /**
   * Where blocks with adapters leave, layer by layer, what their backward pass would have to work
   * out again; that takes it away. Without it everything is worked out again.
   */
  kept?: ReadonlyMap<string, DeviceTensor>[];
  /** The clean model's backward pass leaves every product's output, too (`out`). */
  observed?: boolean;
  /**
   * The backward pass gives the gradients of the adapters themselves (`gradA`, `gradB`); needs
   * `kept`.
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
   * Inputs of all blocks that run, then of the head: one more tensors [sequences, length, hidden]
   * than blocks.
   */
  async forward(
    batch: TokenBatch,
    { layers, adapters, weights, kept }: Course = {},
  ): Promise<DeviceTensor[]> {
    const shape = shapeOf(batch);
    const stream = [await this.embed(batch)];
    const variant = !adapters ? 'plain' : kept ? 'kept' : 'adapted';
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
      kept?.push(new Map(rest));
    }
    return stream;
  }

  /**
   * From the gradient `dy` at the end of `stream` (see `forward`) to every block's: `visit` is
   * given each layer's gradients, last layer first, and must not keep them; `residual` each block's
   * input gradient. Disposes `dy`.
   */
  async backward(
    batch: TokenBatch,
    stream: readonly DeviceTensor[],
    {
      dy,
      course: { adapters, weights, kept, direct, observed } = {},
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
      : !kept
        ? 'adaptedBackward'
        : direct
          ? 'adapterBackward'
          : 'keptBackward';
    let gradient = dy;
    for (let layer = this.model.layers - 1; layer >= 0; layer--) {
      const left = kept?.pop() ?? new Map<string, DeviceTensor>();
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

  /** What the embedding piece takes. */
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
