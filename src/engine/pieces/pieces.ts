/**
 * Sessions and weights of a compiled model on a provider. A piece is compiled once per structure
 * and shape. Its weights are uploaded once and fed to every run.
 */
import { defined, elementAt } from '../../checked.ts';
import type {
  BlockVariant,
  CompiledModel,
  DecodePart,
  HeadVariant,
  Piece,
  WeightTensor,
} from '../../compiler/compiled.ts';
import { float32View } from '../../onnx/float16.ts';
import type { Backend, DeviceTensor, Session } from '../backends/backend.ts';

/**
 * Batch sizes whose sessions are cached: the clean batch, and the sizes of probe batches that
 * neighbouring layers form together.
 */
const SHAPES_CACHED = 6;

export interface Shape {
  batch: number;
  length: number;
}

/** Tokens per step, and the maximum number of tokens, of a generated text. */
export interface DecodeShape {
  rows: number;
  capacity: number;
}

const keyOf = ({ batch, length }: Shape): string => `${batch}x${length}`;

/** Caches that depend on the shape: sessions by structure and variant, and pieces by layer. */
interface ShapeCache {
  sessions: Map<string, Session>;
  pieces: Map<string, Piece>;
}

export class Pieces {
  private readonly model: CompiledModel;
  private readonly backend: Backend;
  private readonly weights = new Map<string, DeviceTensor>();
  /** The tensor that holds the bytes of a weight, whichever view of it was requested first. */
  private readonly owners = new Map<string, DeviceTensor>();
  /** Weights that are writable. */
  private readonly written = new Map<string, DeviceTensor>();
  /** Most recently used last. */
  private readonly shapes = new Map<string, ShapeCache>();
  private uploaded = 0;

  constructor(model: CompiledModel, backend: Backend) {
    this.model = model;
    this.backend = backend;
  }

  /** Bytes of uploaded weights. */
  get weightBytes(): number {
    return this.uploaded;
  }

  /**
   * Runs a part of the decoder for generation. Unused `feeds` are ignored. Returns outputs by name,
   * activations first.
   */
  decode(
    part: DecodePart,
    { rows, capacity }: DecodeShape,
    feeds: ReadonlyMap<string, DeviceTensor>,
  ): Promise<ReadonlyMap<string, DeviceTensor>> {
    const inBlock = typeof part === 'object';
    const kind = inBlock ? (part.adapted ? 'adapted' : 'plain') : part;
    const sessionKey = inBlock
      ? `structure ${elementAt(this.model.blocks, part.layer).structure} ${kind}`
      : part;
    return this.run({
      shape: `${rows} of ${capacity}`,
      key: inBlock ? `block ${part.layer} ${kind}` : part,
      sessionKey,
      build: () => this.model.decode(part, rows, capacity),
      feeds,
    });
  }

  embedding(shape: Shape, feeds: ReadonlyMap<string, DeviceTensor>): Promise<DeviceTensor> {
    return this.run({
      shape: keyOf(shape),
      key: 'embedding',
      sessionKey: 'embedding',
      build: () => this.model.embedding(shape.batch, shape.length),
      feeds,
    }).then(firstOf);
  }

  /**
   * Runs block `layer` on `x` and the variant's other inputs. Returns outputs by name, y (backward:
   * dx) first. `weights` replace the model's own, by name.
   */
  block({
    shape,
    layer,
    variant,
    x,
    others = new Map(),
    weights,
  }: {
    shape: Shape;
    layer: number;
    variant: BlockVariant;
    x: DeviceTensor;
    others?: ReadonlyMap<string, DeviceTensor>;
    weights?: ReadonlyMap<string, DeviceTensor>;
  }): Promise<ReadonlyMap<string, DeviceTensor>> {
    const sessionKey = `structure ${elementAt(this.model.blocks, layer).structure} ${variant}`;
    return this.run({
      shape: keyOf(shape),
      key: `block ${layer} ${variant}`,
      sessionKey,
      build: () => this.model.block(layer, shape.batch, shape.length, variant),
      feeds: others,
      x,
      weights,
    });
  }

  /**
   * Runs a segment of block `layer` on the first `batch` sequences of a batch of `shape`. Unused
   * `feeds` are ignored. Returns outputs by name.
   */
  segment({
    shape,
    layer,
    depth,
    batch,
    feeds,
  }: {
    shape: Shape;
    layer: number;
    depth: number;
    batch: number;
    feeds: ReadonlyMap<string, DeviceTensor>;
  }): Promise<ReadonlyMap<string, DeviceTensor>> {
    const of = `segment ${depth} of ${batch}`;
    return this.run({
      shape: keyOf(shape),
      key: `block ${layer} ${of}`,
      sessionKey: `structure ${elementAt(this.model.blocks, layer).structure} ${of}`,
      build: () => this.model.segment(layer, batch, shape.length, depth),
      feeds,
    });
  }

  head(
    shape: Shape,
    variant: HeadVariant,
    x: DeviceTensor,
    others: ReadonlyMap<string, DeviceTensor> = new Map(),
  ): Promise<DeviceTensor> {
    return this.run({
      shape: keyOf(shape),
      key: `head ${variant}`,
      sessionKey: `head ${variant}`,
      build: () => this.model.headPiece(shape.batch, shape.length, variant),
      feeds: others,
      x,
    }).then(firstOf);
  }

  async dispose(): Promise<void> {
    for (const key of [...this.shapes.keys()]) await this.forget(key);
    for (const weight of this.weights.values()) weight.dispose();
    this.weights.clear();
    this.owners.clear();
    this.written.clear();
  }

  /** Returns a float32 weight as a writable tensor, which replaces the uploaded one. */
  writable(weight: WeightTensor): DeviceTensor {
    let tensor = this.written.get(weight.name);
    if (tensor) return tensor;
    const old = this.weights.get(weight.name);
    tensor = this.backend.zeros(weight.dims);
    this.backend.write(tensor, float32View(weight.bytes));
    if (!old) this.uploaded += weight.bytes.byteLength;
    old?.dispose();
    this.written.set(weight.name, tensor);
    this.weights.set(weight.name, tensor);
    this.owners.set(weight.name, tensor);
    return tensor;
  }

  /** `x` is fed to the input of that name. Tensors that the piece does not use are ignored. */
  private async run({
    shape,
    key,
    sessionKey,
    build,
    feeds,
    x,
    weights,
  }: {
    shape: string;
    key: string;
    sessionKey: string;
    build: () => Piece | Promise<Piece>;
    feeds: ReadonlyMap<string, DeviceTensor>;
    x?: DeviceTensor;
    weights?: ReadonlyMap<string, DeviceTensor>;
  }): Promise<ReadonlyMap<string, DeviceTensor>> {
    const cache = await this.cacheOf(shape);
    let piece = cache.pieces.get(key);
    if (!piece) {
      piece = await build();
      // Loaded only if a weight is int8 and the provider does not support int8.
      if (!this.backend.takesInt8 && [...piece.weights.values()].some((w) => w.type === 'int8'))
        piece = await (await import('../../compiler/unsigned.ts')).unsigned(piece);
      cache.pieces.set(key, piece);
    }
    let session = cache.sessions.get(sessionKey);
    if (!session) {
      session = await this.backend.session(piece.model, `the ${key} of this model`);
      cache.sessions.set(sessionKey, session);
    }
    const all = new Map<string, DeviceTensor>();
    for (const name of piece.inputs) {
      const fed = name === 'x' ? (x ?? feeds.get('x')) : feeds.get(name);
      if (fed) all.set(name, fed);
    }
    for (const [input, weight] of piece.weights)
      all.set(input, weights?.get(weight.name) ?? this.resident(weight));
    const outputs = await session.run(all);
    return new Map(piece.outputs.map((name) => [name, defined(outputs.get(name))]));
  }

  /** Returns a weight on the provider. Uploads it at first use. */
  resident(weight: WeightTensor): DeviceTensor {
    let tensor = this.weights.get(weight.name);
    if (tensor) return tensor;
    const { type, dims, bytes } = weight;
    const of = weight.viewOf ?? weight.name;
    const owner = this.owners.get(of);
    if (owner) tensor = this.backend.view(owner, type, dims);
    else {
      tensor = this.backend.upload(type, dims, bytes);
      this.owners.set(of, tensor);
      this.uploaded += bytes.byteLength;
    }
    this.weights.set(weight.name, tensor);
    return tensor;
  }

  private async cacheOf(key: string): Promise<ShapeCache> {
    const cache = this.shapes.get(key) ?? { sessions: new Map(), pieces: new Map() };
    this.shapes.delete(key);
    this.shapes.set(key, cache);
    if (this.shapes.size > SHAPES_CACHED) {
      await this.forget(defined(this.shapes.keys().next().value));
      this.backend.trim();
    }
    return cache;
  }

  private async forget(key: string): Promise<void> {
    const cache = this.shapes.get(key);
    this.shapes.delete(key);
    for (const session of cache?.sessions.values() ?? []) await session.dispose();
  }
}

/** A piece's main output. */
export const firstOf = (outputs: ReadonlyMap<string, DeviceTensor>): DeviceTensor =>
  defined(outputs.values().next().value);
