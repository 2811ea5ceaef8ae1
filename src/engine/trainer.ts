/**
 * Loss and training through the cut model: forward block by block, cross entropy by hand, backward block by block with the
 * forward recomputed inside, then our kernels for the adapters' gradients and AdamW. [methods.md §1]
 */
import type { CompiledModel, SiteModule } from '../compiler/compiled.ts';
import type { AdamWStep, RankRows } from '../device/training-twins.ts';
import { AtlasError } from '../errors.ts';
import type { Backend, DeviceTensor } from './backend.ts';
import { CrossEntropy } from './cross-entropy.ts';
import { DeviceAdapters, usedRank } from './device-adapters.ts';
import type { AdapterUse, LossSum, RankUpdates, TokenBatch, TrainingBatch } from './engine.ts';
import { Network, shapeOf, type AdapterFeeds, type LayerGradients } from './network.ts';
import type { Pieces } from './pieces.ts';
import { checkTokens } from './tokens.ts';
import type { AdapterGradient } from './training-ops.ts';
import type { VocabularyChunks } from './vocabulary-chunks.ts';

/** Gradients of a batch, block by block; see `Network.backward`. */
export interface GradientVisitor {
  layer?(layer: number, gradients: LayerGradients): Promise<void>;
  residual?(layer: number, dx: DeviceTensor): Promise<void>;
}

export class Trainer {
  private readonly model: CompiledModel;
  private readonly backend: Backend;
  private readonly pieces: Pieces;
  private readonly network: Network;
  private readonly crossEntropy: CrossEntropy;
  /** Zero pairs of rank 1, by width: modules without an adapter are fed these. */
  private readonly nothing = new Map<number, DeviceTensor>();
  private readonly norm: DeviceTensor;

  constructor(model: CompiledModel, backend: Backend, pieces: Pieces, network: Network, chunks: VocabularyChunks) {
    this.model = model;
    this.backend = backend;
    this.pieces = pieces;
    this.network = network;
    this.crossEntropy = new CrossEntropy(backend, chunks);
    this.norm = backend.zeros([1]);
  }

  /** The residual stream, through the adapters if given; see `Network.forward`. */
  async forward(batch: TokenBatch, use?: AdapterUse): Promise<DeviceTensor[]> {
    const views: DeviceTensor[] = [], stream = await this.network.forward(batch, use ? this.feeds(use, views) : null);
    for (const view of views) view.dispose();
    return stream;
  }

  async evaluate(batch: TrainingBatch, use?: AdapterUse): Promise<LossSum> {
    const labels = this.labelsOf(batch), stream = await this.forward(batch, use);
    const { h, prepared } = await this.prepare(batch, stream.at(-1)!), pass = await this.crossEntropy.forward(h, labels);
    const losses = await this.crossEntropy.losses(pass);
    this.crossEntropy.release(pass);
    for (const used of [...stream, h, prepared]) used.dispose();
    return { sum: losses.reduce((a, b) => a + b, 0), tokens: counted(labels) };
  }

  /** Mean loss over the predicted tokens, and its gradients handed to `visit`, last layer first. */
  async gradients(batch: TrainingBatch, use: AdapterUse | undefined, visit: GradientVisitor): Promise<number> {
    const labels = this.labelsOf(batch), tokens = counted(labels), views: DeviceTensor[] = [], feeds = use ? this.feeds(use, views) : null;
    const stream = await this.network.forward(batch, feeds), end = stream.at(-1)!;
    const { h, prepared } = await this.prepare(batch, end), pass = await this.crossEntropy.forward(h, labels);
    const dh = await this.crossEntropy.gradient(h, pass, new Float32Array(labels.length).fill(1 / tokens));
    const shaped = this.backend.view(dh, 'float32', [batch.sequences, batch.length, this.model.head.hidden]);
    const dy = await this.pieces.head(shapeOf(batch), 'normBackward', end, new Map([['dh', shaped]]));
    for (const used of [shaped, dh, h, prepared]) used.dispose();
    await visit.residual?.(this.model.layers, dy);
    await this.network.backward(batch, stream, dy, feeds, visit.layer ?? (async () => undefined), visit.residual);
    // Read last, so that the device never waits for the page in between.
    const losses = await this.crossEntropy.losses(pass);
    this.crossEntropy.release(pass);
    for (const used of [...stream, ...views]) used.dispose();
    return losses.reduce((a, b) => a + b, 0) / tokens;
  }

  async step(batch: TrainingBatch, use: AdapterUse, adamW: AdamWStep, onlyLast = false, updates: RankUpdates = () => adamW.step): Promise<{ loss: number; gradNorm: number }> {
    const { training } = this.backend, adapters = use.adapters as DeviceAdapters;
    const rowsOf = (module: number, rank: number): RankRows => {
      const to = usedRank(use, module, rank);
      return { from: onlyLast ? to - 1 : 0, to };
    };
    const loss = await this.gradients(batch, use, { layer: (layer, gradients) => training.adapterGradients(this.adapterGradients(layer, gradients, use, rowsOf)) });
    await training.squaredNorm(adapters.gradientRows(rowsOf), this.norm);
    for (const [step, parameters] of adapters.optimised(rowsOf, updates)) await training.adamW(parameters, this.norm, { ...adamW, step });
    const gradNorm = Math.sqrt((await this.backend.read(this.norm))[0]!);
    if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) throw new AtlasError('diverged', { step: adamW.step });
    return { loss, gradNorm };
  }

  async dispose(): Promise<void> {
    for (const tensor of [...this.nothing.values(), this.norm]) tensor.dispose();
    await this.crossEntropy.dispose();
  }

  /** Next tokens, unless the batch says otherwise. Throws `bad-text`, or `operator` for a head that cannot be differentiated. */
  private labelsOf(batch: TrainingBatch): Int32Array {
    checkTokens(batch, this.model.vocab, this.model.maxLength);
    if (this.model.head.nonlinearAfter) throw new AtlasError('operator', { where: 'Training', operator: 'a nonlinearity behind the vocabulary product' });
    const { ids, length, labels = ids.map((_, i) => ((i + 1) % length === 0 ? -100 : ids[i + 1]!)) } = batch;
    if (counted(labels) === 0) throw new AtlasError('bad-text', { why: 'it leaves no token to predict', remedy: 'Use sequences of at least two tokens.' });
    return labels;
  }

  /** What the vocabulary product is given, [rows, hidden]; a view of `prepared`. */
  private async prepare(batch: TrainingBatch, end: DeviceTensor): Promise<{ h: DeviceTensor; prepared: DeviceTensor }> {
    const prepared = await this.pieces.head(shapeOf(batch), 'norm', end);
    return { prepared, h: this.backend.view(prepared, 'float32', [batch.sequences * batch.length, this.model.head.hidden]) };
  }

  private feeds(use: AdapterUse, views: DeviceTensor[]): AdapterFeeds {
    const adapters = use.adapters as DeviceAdapters, byLayer = this.model.blocks.map(({ sites }) => new Map(sites.flatMap(({ modules }) => modules.flatMap((m) => {
      const fed = adapters.feeds(m.module, use, views) ?? this.none(m);
      return [[m.loraA, fed.a], [m.loraB, fed.b], [m.scale, fed.scale]] as [string, DeviceTensor][];
    }))));
    return (layer) => byLayer[layer]!;
  }

  private none({ module }: SiteModule): { a: DeviceTensor; b: DeviceTensor; scale: DeviceTensor } {
    const zeros = (width: number, dims: readonly number[]) => {
      let tensor = this.nothing.get(width);
      if (!tensor) this.nothing.set(width, (tensor = this.backend.zeros(dims)));
      return tensor;
    };
    const { inFeatures, outFeatures } = this.model.modules[module]!;
    // Width 0 stands for the scale, the only tensor of one dimension.
    return { a: zeros(inFeatures, [1, inFeatures]), b: zeros(outFeatures, [1, outFeatures]), scale: zeros(0, [1]) };
  }

  private adapterGradients(layer: number, gradients: LayerGradients, use: AdapterUse, rowsOf: (module: number, rank: number) => RankRows): AdapterGradient[] {
    const adapters = use.adapters as DeviceAdapters;
    return this.model.blocks[layer]!.sites.flatMap((site) => site.modules.flatMap(({ module, offset }) => {
      const adapter = adapters.of(module);
      if (!adapter) return [];
      const taps = { x: gradients.get(site.tap)!, dy: gradients.get(site.grad)!, column: offset, outFeatures: this.model.modules[module]!.outFeatures };
      return [{ taps, adapter: adapter.values, rows: rowsOf(module, adapter.rank), scale: use.scale(module), into: adapter.gradients }];
    }));
  }
}

const counted = (labels: Int32Array): number => labels.reduce((n, label) => n + (label < 0 ? 0 : 1), 0);
