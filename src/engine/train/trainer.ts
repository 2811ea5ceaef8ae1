/**
 * Loss and training on the cut model: forward block by block, cross entropy, backward block by
 * block (from saved activations if they fit, or else with recomputation), then kernels for the
 * adapters' gradients and AdamW. [methods.md §1]
 */
import { defined, elementAt } from '../../checked.ts';
import type { CompiledModel } from '../../compiler/compiled.ts';
import type { AdamWStep, RankRows } from '../../device/training-twins.ts';
import { AtlasError } from '../../errors.ts';
import { trainingBytes } from '../../model/training-memory.ts';
import { AdapterInputs } from '../adapters/adapter-inputs.ts';
import type { Backend, DeviceTensor } from '../backends/backend.ts';
import { CrossEntropy } from '../head/cross-entropy.ts';
import { DeviceAdapters, headFeeds, usedRank } from '../adapters/device-adapters.ts';
import type { AdapterUse, LossSum, MovingRanks, TokenBatch, TrainingBatch } from '../engine.ts';
import { shapeOf, type Course, type LayerGradients, type Network } from '../pieces/network.ts';
import { DeviceMasks, MaskedWeights } from '../adapters/masked-weights.ts';
import type { Pieces } from '../pieces/pieces.ts';
import type { PlacedWeights } from '../pieces/placed-weights.ts';
import { checkTokens, labelsOf } from '../tokens.ts';
import type { AdapterGradient } from '../backends/training-ops.ts';
import type { VocabularyChunks } from '../head/vocabulary-chunks.ts';

/** Gradients of a batch, block by block. See `Network.backward`. */
export interface GradientVisitor {
  layer?(layer: number, gradients: LayerGradients): Promise<void>;
  residual?(layer: number, dx: DeviceTensor): Promise<void>;
}

export interface TrainerParts {
  model: CompiledModel;
  backend: Backend;
  pieces: Pieces;
  network: Network;
  chunks: VocabularyChunks;
  placed: PlacedWeights;
  /** Bytes for everything but the model's weights. */
  budget: number;
}

export class Trainer {
  private readonly model: CompiledModel;
  private readonly backend: Backend;
  private readonly pieces: Pieces;
  private readonly network: Network;
  private readonly crossEntropy: CrossEntropy;
  private readonly inputs: AdapterInputs;
  private readonly budget: number;
  private readonly norm: DeviceTensor;
  readonly masked: MaskedWeights;

  constructor({ model, backend, pieces, network, chunks, placed, budget }: TrainerParts) {
    this.model = model;
    this.backend = backend;
    this.pieces = pieces;
    this.network = network;
    this.budget = budget;
    this.crossEntropy = new CrossEntropy(backend, chunks);
    this.inputs = new AdapterInputs(model, backend);
    this.norm = backend.zeros([1]);
    this.masked = new MaskedWeights(model, backend, pieces, placed);
  }

  /** The residual stream, through the adapters if given. See `Network.forward`. */
  async forward(batch: TokenBatch, use?: AdapterUse): Promise<DeviceTensor[]> {
    const views: DeviceTensor[] = [];
    const stream = await this.network.forward(batch, this.course(use, views));
    for (const view of views) view.dispose();
    return stream;
  }

  async evaluate(batch: TrainingBatch, use?: AdapterUse): Promise<LossSum> {
    const labels = this.labelsOf(batch);
    const stream = await this.forward(batch, use);
    const { h, prepared } = await this.prepare(batch, elementAt(stream, -1));
    const pass = await this.crossEntropy.forward(h, labels, headFeeds(use, this.backend));
    const losses = await this.crossEntropy.losses(pass);
    this.crossEntropy.release(pass);
    for (const used of [...stream, h, prepared]) used.dispose();
    return { sum: losses.reduce((a, b) => a + b, 0), tokens: counted(labels) };
  }

  /**
   * Mean loss over the predicted tokens. Passes its gradients to `visit`, last layer first. `how`:
   * see `Course`.
   */
  async gradients(
    batch: TrainingBatch,
    use: AdapterUse | undefined,
    visit: GradientVisitor,
    how: Pick<Course, 'direct' | 'observed'> = {},
  ): Promise<number> {
    const labels = this.labelsOf(batch);
    const tokens = counted(labels);
    const views: DeviceTensor[] = [];
    const course = {
      ...this.course(use, views),
      ...(use && this.savesActivations(batch, use) && { saved: [] }),
      ...how,
    };
    const stream = await this.network.forward(batch, course);
    const end = elementAt(stream, -1);
    const { h, prepared } = await this.prepare(batch, end);
    const { pass, dh } = await this.crossEntropy.forwardAndGradient(
      h,
      labels,
      new Float32Array(labels.length).fill(1 / tokens),
    );
    const shaped = this.backend.view(dh, 'float32', [
      batch.sequences,
      batch.length,
      this.model.head.hidden,
    ]);
    const dy = await this.pieces.head(
      shapeOf(batch),
      'normBackward',
      end,
      new Map([['dh', shaped]]),
    );
    for (const used of [shaped, dh, h, prepared]) used.dispose();
    await visit.residual?.(this.model.layers, dy);
    await this.network.backward(
      batch,
      stream,
      { dy, course, residual: visit.residual },
      visit.layer ?? (async () => undefined),
    );
    // Read last, so that the device never waits for the page meanwhile.
    const losses = await this.crossEntropy.losses(pass);
    this.crossEntropy.release(pass);
    for (const used of [...stream, ...views]) used.dispose();
    return losses.reduce((a, b) => a + b, 0) / tokens;
  }

  async step({
    batch,
    use,
    adamW,
    onlyLast = false,
    updates = () => adamW.step,
  }: {
    batch: TrainingBatch;
    use: AdapterUse;
    adamW: AdamWStep;
  } & MovingRanks): Promise<{ loss: number; gradNorm: number }> {
    const training = await this.backend.training();
    const adapters = DeviceAdapters.from(use, this.backend);
    adapters.checkTrainable();
    const rowsOf = (module: number, rank: number): RankRows => {
      const to = usedRank(use, module, rank);
      return { from: onlyLast ? to - 1 : 0, to };
    };
    // For one row alone, the gradient from the taps is cheaper.
    const direct = training.inGraph && !use.masks && !onlyLast && this.savesActivations(batch, use);
    const loss = await this.gradients(
      batch,
      use,
      {
        layer: async (layer, gradients) => {
          if (direct) return this.takeGradients(layer, gradients, adapters);
          const modules = this.adapterGradients(layer, gradients, use, rowsOf);
          return use.masks
            ? this.maskedGradients(modules, DeviceMasks.from(use.masks, this.backend))
            : training.adapterGradients(modules);
        },
      },
      { direct },
    );
    await training.squaredNorm(adapters.gradientRows(rowsOf), this.norm);
    for (const [step, parameters] of adapters.optimised(rowsOf, updates))
      await training.adamW(parameters, this.norm, { ...adamW, step });
    const gradNorm = Math.sqrt((await this.backend.read(this.norm))[0]!);
    if (!Number.isFinite(loss) || !Number.isFinite(gradNorm))
      throw new AtlasError('diverged', { step: adamW.step });
    return { loss, gradNorm };
  }

  async dispose(): Promise<void> {
    this.inputs.dispose();
    this.masked.dispose();
    this.norm.dispose();
    await this.crossEntropy.dispose();
  }

  /**
   * The batch's labels, or the next tokens by default. Throws AtlasError `bad-text`, or `operator`
   * if a nonlinearity follows the head.
   */
  private labelsOf(batch: TrainingBatch): Int32Array {
    checkTokens(batch, this.model.vocab, this.model.maxLength);
    if (this.model.head.nonlinearAfter)
      throw new AtlasError('operator', {
        where: 'Training',
        operator: 'a nonlinearity after the vocabulary projection',
      });
    const labels = labelsOf(batch);
    if (counted(labels) === 0)
      throw new AtlasError('bad-text', {
        why: 'it has no token to predict',
        remedy: 'Use sequences of at least two tokens.',
      });
    return labels;
  }

  /** The input of the vocabulary projection, `h` [rows, hidden], a view of `prepared`. */
  private async prepare(
    batch: TrainingBatch,
    end: DeviceTensor,
  ): Promise<{ h: DeviceTensor; prepared: DeviceTensor }> {
    const prepared = await this.pieces.head(shapeOf(batch), 'norm', end);
    return {
      prepared,
      h: this.backend.view(prepared, 'float32', [
        batch.sequences * batch.length,
        this.model.head.hidden,
      ]),
    };
  }

  /** Adapters run next to the products. With masks, they are merged into the weights. */
  private course(use: AdapterUse | undefined, views: DeviceTensor[]): Course {
    if (use?.masks) return { weights: (layer) => this.masked.of(layer, use) };
    return use ? { adapters: this.inputs.feeds(use, views) } : {};
  }

  /**
   * Whether memory suffices to save all activations for the backward pass, so that nothing is
   * recomputed.
   */
  private savesActivations({ sequences, length }: TrainingBatch, use: AdapterUse): boolean {
    const ranks = new Map(
      DeviceAdapters.from(use, this.backend).modules.map(({ module, rank }) => [module, rank]),
    );
    return (
      trainingBytes(
        this.model,
        { sequences, length, ranks: this.model.modules.map((_, m) => ranks.get(m) ?? 0) },
        true,
      ) <= this.budget
    );
  }

  /**
   * Copies the block's gradients to the adapters' gradient tensors. Those of a lower rank are the
   * first rows.
   */
  private takeGradients(layer: number, gradients: LayerGradients, adapters: DeviceAdapters): void {
    for (const { module, gradA, gradB } of elementAt(this.model.blocks, layer).sites.flatMap(
      (site) => site.modules,
    )) {
      const into = adapters.of(module)?.gradients;
      if (!into) continue;
      this.backend.copy(defined(gradients.get(gradA)), into.a);
      this.backend.copy(defined(gradients.get(gradB)), into.b);
    }
  }

  private async maskedGradients(
    modules: readonly (AdapterGradient & { module: number })[],
    masks: DeviceMasks,
  ): Promise<void> {
    for (const { module, taps, adapter, rows, scale, into } of modules) {
      await (
        await this.backend.sparse()
      ).maskedGradients(taps, masks.tensor(module), { pair: adapter, rank: rows.to, scale }, into);
    }
  }

  private adapterGradients(
    layer: number,
    gradients: LayerGradients,
    use: AdapterUse,
    rowsOf: (module: number, rank: number) => RankRows,
  ): (AdapterGradient & { module: number })[] {
    const adapters = DeviceAdapters.from(use, this.backend);
    return elementAt(this.model.blocks, layer).sites.flatMap((site) =>
      site.modules.flatMap(({ module, offset }) => {
        const adapter = adapters.of(module);
        if (!adapter) return [];
        const taps = {
          x: defined(gradients.get(site.tap)),
          dy: defined(gradients.get(site.grad)),
          column: offset,
          outFeatures: elementAt(this.model.modules, module).outFeatures,
        };
        return [
          {
            module,
            taps,
            adapter: adapter.values,
            rows: rowsOf(module, adapter.rank),
            scale: use.scale(module),
            into: adapter.gradients,
          },
        ];
      }),
    );
  }
}

const counted = (labels: Int32Array): number =>
  labels.reduce((n, label) => n + (label < 0 ? 0 : 1), 0);
