/**
 * Sessions and weights of a compiled model on a provider. A piece is compiled once per structure and shape; its
 * weights are uploaded once and fed to every run.
 */
import type { BlockVariant, CompiledModel, HeadVariant, Piece, WeightTensor } from '../compiler/compiled.ts';
import type { Backend, DeviceTensor, Session } from './backend.ts';

/** Batch sizes whose sessions are kept: the clean batch and a few sizes of probe batches. */
const SHAPES_KEPT = 4;

export interface Shape { batch: number; length: number }

/** Keys of what depends on the shape: its sessions by structure and variant, and the pieces by layer. */
interface ShapeCache { sessions: Map<string, Session>; pieces: Map<string, Piece> }

export class Pieces {
  private readonly model: CompiledModel;
  private readonly backend: Backend;
  private readonly weights = new Map<string, DeviceTensor>();
  /** The tensor that holds the bytes of a weight, whichever view of it was asked for first. */
  private readonly owners = new Map<string, DeviceTensor>();
  /** Most recently used last. */
  private readonly shapes = new Map<string, ShapeCache>();
  private uploaded = 0;

  constructor(model: CompiledModel, backend: Backend) {
    this.model = model;
    this.backend = backend;
  }

  /** Bytes of uploaded weights. */
  get weightBytes(): number { return this.uploaded; }

  embedding(shape: Shape, feeds: ReadonlyMap<string, DeviceTensor>): Promise<DeviceTensor> {
    return this.run(shape, 'embedding', 'embedding', () => this.model.embedding(shape.batch, shape.length), feeds).then(firstOf);
  }

  /** Runs block `layer` on `x` and the other inputs of the variant; outputs by name, y (backward: dx) first. */
  block(shape: Shape, layer: number, variant: BlockVariant, x: DeviceTensor, others: ReadonlyMap<string, DeviceTensor> = new Map()): Promise<ReadonlyMap<string, DeviceTensor>> {
    const sessionKey = `structure ${this.model.blocks[layer]!.structure} ${variant}`;
    return this.run(shape, `block ${layer} ${variant}`, sessionKey, () => this.model.block(layer, shape.batch, shape.length, variant), others, x);
  }

  head(shape: Shape, variant: HeadVariant, x: DeviceTensor, others: ReadonlyMap<string, DeviceTensor> = new Map()): Promise<DeviceTensor> {
    return this.run(shape, `head ${variant}`, `head ${variant}`, () => this.model.headPiece(shape.batch, shape.length, variant), others, x).then(firstOf);
  }

  async dispose(): Promise<void> {
    for (const key of [...this.shapes.keys()]) await this.forget(key);
    for (const weight of this.weights.values()) weight.dispose();
    this.weights.clear();
    this.owners.clear();
  }

  /** `x` goes to the piece's first input unless `feeds` has it already. */
  private async run(shape: Shape, key: string, sessionKey: string, build: () => Piece, feeds: ReadonlyMap<string, DeviceTensor>, x?: DeviceTensor): Promise<ReadonlyMap<string, DeviceTensor>> {
    const cache = await this.cacheOf(shape);
    let piece = cache.pieces.get(key);
    if (!piece) {
      piece = build();
      cache.pieces.set(key, piece);
    }
    let session = cache.sessions.get(sessionKey);
    if (!session) {
      session = await this.backend.session(piece.model, `the ${key} of this model`);
      cache.sessions.set(sessionKey, session);
    }
    const all = new Map(feeds);
    if (x) all.set(piece.inputs[0]!, x);
    for (const [input, weight] of piece.weights) all.set(input, this.resident(weight));
    const outputs = await session.run(all);
    return new Map(piece.outputs.map((name) => [name, outputs.get(name)!]));
  }

  private resident(weight: WeightTensor): DeviceTensor {
    let tensor = this.weights.get(weight.name);
    if (tensor) return tensor;
    const { type, dims, bytes } = weight, of = weight.viewOf ?? weight.name, owner = this.owners.get(of);
    if (owner) tensor = this.backend.view(owner, type, dims);
    else {
      tensor = this.backend.upload(type, dims, bytes);
      this.owners.set(of, tensor);
      this.uploaded += bytes.byteLength;
    }
    this.weights.set(weight.name, tensor);
    return tensor;
  }

  private async cacheOf({ batch, length }: Shape): Promise<ShapeCache> {
    const key = `${batch}x${length}`, cache = this.shapes.get(key) ?? { sessions: new Map(), pieces: new Map() };
    this.shapes.delete(key);
    this.shapes.set(key, cache);
    if (this.shapes.size > SHAPES_KEPT) {
      await this.forget(this.shapes.keys().next().value!);
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
export const firstOf = (outputs: ReadonlyMap<string, DeviceTensor>): DeviceTensor => outputs.values().next().value!;
