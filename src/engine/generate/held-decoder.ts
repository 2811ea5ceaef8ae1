/**
 * Generates one token at a time in a single session that holds all weights. With one row, reading
 * weights takes longer than the products (docs/generation.md), and so does a session per layer.
 */
import { defined } from '../../checked.ts';
import {
  adapterInput,
  type CacheSlot,
  type CompiledModel,
  type DecodeGraph,
} from '../../compiler/compiled.ts';
import type { Backend, DeviceTensor, Session } from '../backends/backend.ts';
import type { AdapterFeeds } from '../pieces/network.ts';

/** Generated tokens below which creating the session takes longer than it saves. */
const WORTHWHILE = 16;

/**
 * Whether a text should use such a session. `bytes`: of the model's weights in the form that the
 * backend holds; `budget`: bytes left for it.
 */
export const worthHolding = (
  { holds }: Pick<Backend, 'holds'>,
  { tokens, bytes, budget }: { tokens: number; bytes: number; budget: number },
): boolean => holds !== null && tokens >= WORTHWHILE && bytes <= holds.maxBytes && bytes <= budget;

export interface DecoderKey {
  capacity: number;
  adapted: boolean;
}

/** Must be disposed. */
export class HeldDecoder {
  readonly key: DecoderKey;
  private readonly graph: DecodeGraph;
  private readonly session: Session;
  private readonly read: ReadonlySet<string>;

  /** Throws what `Backend.holding` and `CompiledModel.decoder` throw. */
  static async open(model: CompiledModel, backend: Backend, key: DecoderKey): Promise<HeldDecoder> {
    const graph = await model.decoder(key.adapted, key.capacity);
    const session = await backend.holding(graph.graph, graph.weights, 'the decoder of this model');
    return new HeldDecoder(key, graph, session);
  }

  private constructor(key: DecoderKey, graph: DecodeGraph, session: Session) {
    this.key = key;
    this.graph = graph;
    this.session = session;
    this.read = new Set(graph.inputs);
  }

  /** The caches of all layers, in the order of `CompiledModel.decode`, layer by layer. */
  get caches(): readonly CacheSlot[] {
    return this.graph.caches;
  }

  /**
   * Runs one token. `feeds`: the lookups, `here` and the caches by input name. Returns the logits
   * and the new rows of the caches, which the caller disposes.
   */
  async run(
    feeds: ReadonlyMap<string, DeviceTensor>,
    layers: number,
    adapters: AdapterFeeds | null,
  ): Promise<{ logits: DeviceTensor; rows: DeviceTensor[] }> {
    const all = new Map(feeds);
    for (let layer = 0; adapters && layer < layers; layer++)
      for (const [input, tensor] of adapters(layer)) all.set(adapterInput(layer, input), tensor);
    const feedsRead = new Map([...all].filter(([name]) => this.read.has(name)));
    const outputs = await this.session.run(feedsRead);
    return {
      logits: defined(outputs.get('logits')),
      rows: this.graph.caches.map(({ output }) => defined(outputs.get(output))),
    };
  }

  dispose(): Promise<void> {
    return this.session.dispose();
  }
}
