/**
 * The engine on a cut model: the entry point to probing, training, gradient statistics, pruning and
 * generation. Runs one call at a time.
 */
import { elementAt } from '../checked.ts';
import type { CompiledModel } from '../compiler/compiled.ts';
import { compile } from '../compiler/index.ts';
import type { ModuleInfo } from '../compiler/modules.ts';
import type { PrunePattern } from '../device/sparse-twins.ts';
import type { AdamWStep } from '../device/training-twins.ts';
import { AtlasError } from '../errors.ts';
import { adapterBytes } from '../model/memory.ts';
import { dequantise, weightStd } from '../model/weights.ts';
import { Once } from '../once.ts';
import type { Backend } from './backends/backend.ts';
import { planBatches } from './probe/batches.ts';
import type {
  AdapterMoments,
  Adapters,
  AdapterUse,
  AdapterValues,
  Check,
  CleanPass,
  FullEngine,
  GradientEngine,
  GradientSums,
  LossSum,
  Probe,
  ProbeDetail,
  ProviderInfo,
  SignDraw,
  TokenBatch,
  TrainingBatch,
  TrainingEngine,
  VocabularySample,
  WeightedGradientSums,
  WeightDirections,
  GeneratedToken,
  GenerationRequest,
  TokenQuery,
  TokenScores,
  BlockWalk,
  Masks,
  ModelMemory,
  MovingRanks,
  WeightForm,
} from './engine.ts';
import type { Generation, HoldableModels } from './generate/generation.ts';
import type { GradientStatistics } from './gradients/gradient-statistics.ts';
import { createHead, type Head } from './head/head.ts';
import { backwardEntriesThatFit, tooLarge } from './memory.ts';
import { Network } from './pieces/network.ts';
import { Pieces } from './pieces/pieces.ts';
import { PlacedWeights } from './pieces/placed-weights.ts';
import { bytesIn, inForm, weightForm } from './pieces/weight-form.ts';
import { CachedPass } from './probe/cached-pass.ts';
import { Probing } from './probe/probing.ts';
import type { Sparsity } from './sparse/sparsity.ts';
import { labelsOf } from './tokens.ts';
import type { Trainer } from './train/trainer.ts';
import { VocabularyChunks } from './head/vocabulary-chunks.ts';

export interface EngineOptions {
  model: CompiledModel;
  backend: Backend;
  /** Bytes for weights, cached activations and workspace together. */
  memoryBudgetBytes: number;
  /** The form of the model's weights. Default: as stored. */
  form?: WeightForm;
  /** The model as stored, if `model` is unpacked. */
  stored?: CompiledModel;
}

/** Opens an engine. Throws AtlasError `too-large` if the weights alone do not fit. */
export function createEngine(options: EngineOptions): CutEngine {
  const { model, backend, form } = options;
  const unpacks = backend.takesUint4 || form === 'float32';
  return new CutEngine({
    ...options,
    model: unpacks ? model : compile(model.graph, { uint4: false }),
  });
}

/**
 * Opens an engine with its weights in the form that suits the backend and the budget
 * (`pieces/weight-form.ts`). Throws what `createEngine` and `compile` throw.
 */
export async function openEngine(options: EngineOptions): Promise<CutEngine> {
  const { model, backend, memoryBudgetBytes } = options;
  const form = weightForm(model, backend, memoryBudgetBytes);
  return createEngine({
    ...options,
    model: await inForm(model, form),
    form,
    stored: model,
  });
}

export class CutEngine implements FullEngine {
  private readonly form: WeightForm;
  private readonly models: HoldableModels;
  private readonly model: CompiledModel;
  private readonly backend: Backend;
  private readonly budget: number;
  private readonly pieces: Pieces;
  private readonly network: Network;
  private readonly weights: PlacedWeights;
  private readonly chunks: VocabularyChunks;
  private readonly head: Head;
  private readonly probing: Probing;
  // Loaded at first use: training, gradient statistics, generation, pruning.
  private readonly trainerOnce = new Once(
    async () =>
      new (await import('./train/trainer.ts')).Trainer({
        model: this.model,
        backend: this.backend,
        pieces: this.pieces,
        network: this.network,
        chunks: this.chunks,
        placed: this.weights,
        budget: this.budget,
      }),
  );
  private readonly statisticsOnce = new Once(async () => {
    const { GradientStatistics } = await import('./gradients/gradient-statistics.ts');
    const { model, backend, pieces, network, chunks, weights } = this;
    return new GradientStatistics({
      model,
      backend,
      pieces,
      network,
      chunks,
      placed: weights,
    });
  });
  private readonly generationOnce = new Once(async () => {
    const { Generation } = await import('./generate/generation.ts');
    const { model, backend, pieces, network, head } = this;
    return new Generation(
      { model, backend, pieces, network, head },
      (task) => this.exclusive(task),
      { budget: this.budget, models: this.models },
    );
  });
  private readonly sparsityOnce = new Once(async () => {
    const [{ Sparsity }, trainer] = await Promise.all([
      import('./sparse/sparsity.ts'),
      this.trainer,
    ]);
    const { model, backend, pieces, network } = this;
    return new Sparsity({ model, backend, pieces, network, trainer }, (task) =>
      this.exclusive(task),
    );
  });
  private readonly stds = new Map<number, number>();
  private tail: Promise<unknown> = Promise.resolve();
  private disposed = false;

  constructor({ model, backend, memoryBudgetBytes, form = 'packed', stored }: EngineOptions) {
    this.model = model;
    this.backend = backend;
    this.form = form;
    const floats = form === 'float32' || model.modules.every((m) => m.format.kind === 'float32');
    this.models = { packed: stored ?? model, ...(floats && { float32: model }) };
    const held = bytesIn(form, model);
    this.budget = memoryBudgetBytes - held;
    if (this.budget < 0) throw tooLarge(held, memoryBudgetBytes);
    this.pieces = new Pieces(model, backend);
    this.network = new Network(model, backend, this.pieces);
    this.weights = new PlacedWeights(model, backend, this.pieces);
    this.chunks = new VocabularyChunks(backend, model.head);
    this.head = createHead(model, backend, this.pieces, this.chunks);
    this.probing = new Probing({
      model,
      backend,
      pieces: this.pieces,
      head: this.head,
      budget: this.budget,
    });
  }

  get provider(): ProviderInfo {
    return this.backend.provider;
  }
  get modules(): readonly ModuleInfo[] {
    return this.model.modules;
  }
  get layers(): number {
    return this.model.layers;
  }
  get vocab(): number {
    return this.model.vocab;
  }
  get fullRows(): number {
    return this.backend.fullRows;
  }

  weightStd(module: number): number {
    this.checkOpen();
    let std = this.stds.get(module);
    if (std === undefined) this.stds.set(module, (std = weightStd(this.weights.of(module))));
    return std;
  }

  materialiseWeight(module: number): Float32Array {
    this.checkOpen();
    return dequantise(this.weights.of(module));
  }

  setWeight(module: number, weight: Float32Array | null): Promise<void> {
    return this.exclusive(async () => {
      this.weights.set(module, weight);
      this.stds.delete(module);
    });
  }

  cleanPass(batch: TokenBatch): Promise<CleanPass> {
    return this.exclusive(async () => {
      const pass = await this.pass(batch);
      return Object.assign(pass, { loss: await this.probing.loss(pass) });
    });
  }

  disagreement(
    pass: CleanPass,
    probes: readonly Probe[],
    sample?: VocabularySample,
  ): Promise<Float64Array> {
    return this.exclusive(() =>
      this.probing.disagreement(CachedPass.from(pass, this.backend), probes, sample),
    );
  }

  explain(pass: CleanPass, probe: Probe): Promise<ProbeDetail> {
    return this.exclusive(() =>
      this.probing.explain(
        CachedPass.from(pass, this.backend),
        probe,
        this.materialiseWeight(probe.module),
      ),
    );
  }

  logits(batch: TokenBatch, use?: AdapterUse, layers?: readonly number[]): Promise<Float32Array> {
    return this.exclusive(async () => {
      const pass = await this.pass(batch, use, layers);
      try {
        return await this.probing.fullLogits(
          pass.prepared,
          batch.sequences * batch.length,
          undefined,
          use && (await deviceAdapters()).headFeeds(use, this.backend),
        );
      } finally {
        pass.dispose();
      }
    });
  }

  residuals(batch: TokenBatch): Promise<Float32Array[]> {
    return this.exclusive(async () => {
      const pass = await this.pass(batch);
      const out: Float32Array[] = [];
      for (const x of pass.stream) out.push(await this.backend.read(x));
      pass.dispose();
      return out;
    });
  }

  async checkTraining(
    shape: { sequences: number; length: number },
    ...ranks: readonly (readonly number[])[]
  ): Promise<void> {
    this.checkOpen();
    const { checkTraining } = await import('../model/training-memory.ts');
    checkTraining(
      this.model,
      {
        ...shape,
        ranks: this.model.modules.map((_, m) => ranks.reduce((sum, r) => sum + r[m]!, 0)),
      },
      this.budget,
    );
  }

  async checkPruning(
    shape: { samples: number; sequences: number; length: number },
    ranks: readonly number[],
  ): Promise<void> {
    this.checkOpen();
    const { checkPruning } = await import('../model/training-memory.ts');
    checkPruning(this.model, { ...shape, ranks }, this.budget);
  }

  testTraining(): Promise<Check[]> {
    return this.exclusive(async () =>
      (await import('./train/training-self-test.ts')).testTraining(this.backend),
    );
  }

  adapters(
    values: readonly AdapterValues[],
    moments?: readonly AdapterMoments[],
  ): Promise<Adapters> {
    return this.exclusive(async () => {
      const sizes = values.map(({ module, loraA, loraB }) => ({
        module,
        numbers: loraA.length + loraB.length,
      }));
      // The head's adapter has no gradients or moments.
      const bytes = sizes.reduce(
        (sum, { module, numbers }) =>
          sum + (module < this.modules.length ? adapterBytes(numbers) : 4 * numbers),
        0,
      );
      if (bytes > this.budget) throw tooLarge(bytes, this.budget);
      const { DeviceAdapters } = await deviceAdapters();
      return new DeviceAdapters(this.backend, this.model, values, moments);
    });
  }

  evaluate(batch: TrainingBatch, use?: AdapterUse): Promise<LossSum> {
    return this.exclusive(async () => (await this.trainer).evaluate(batch, use));
  }

  trainStep(
    batch: TrainingBatch,
    use: AdapterUse,
    adamW: AdamWStep,
    { onlyLast, updates }: MovingRanks = {},
  ): Promise<{ loss: number; gradNorm: number }> {
    return this.exclusive(async () =>
      (await this.trainer).step({ batch, use, adamW, onlyLast, updates }),
    );
  }

  gradients(
    batch: TrainingBatch,
    { residual, weight, head }: Parameters<TrainingEngine['gradients']>[1],
  ): Promise<number> {
    const { backend, model } = this;
    return this.exclusive(async () => {
      const { headGradient, readTaps, weightGradient } =
        await import('./gradients/host-gradients.ts');
      const loss = await (
        await this.trainer
      ).gradients(batch, undefined, {
        residual: residual && (async (index, dx) => residual(index, await backend.read(dx))),
        layer:
          weight &&
          ((layer, gradients) =>
            readTaps(backend, model, { layer, gradients }, (module, x, dy) =>
              weight(module, weightGradient(x, dy, elementAt(model.modules, module))),
            )),
      });
      if (head) {
        const pass = await this.pass(batch);
        const h = await backend.read(pass.prepared);
        const logits = await this.probing.fullLogits(pass.prepared, batch.sequences * batch.length);
        pass.dispose();
        head(headGradient(h, logits, labelsOf(batch)));
      }
      return loss;
    });
  }

  jacobianNorms(pass: CleanPass, draws: readonly SignDraw[]): Promise<Float64Array> {
    return this.exclusive(async () => {
      const cached = CachedPass.from(pass, this.backend);
      const { sequences, length } = pass.batch;
      const size = this.model.modules.length * sequences;
      if (this.model.head.nonlinearAfter)
        throw new AtlasError('operator', {
          where: 'The Jacobian probe',
          operator: 'a nonlinearity after the vocabulary projection',
        });
      const maxEntries = backwardEntriesThatFit(this.model, pass.batch, this.budget - cached.bytes);
      const out = new Float64Array(draws.length * size);
      const plan = planBatches(
        draws.map(() => 1),
        maxEntries,
        this.backend.fullRows / (sequences * length),
      );
      for (const [first, end] of plan.batches)
        out.set(
          await (
            await this.statistics
          ).jacobianNorms(pass.batch, cached.stream, draws.slice(first, end)),
          first * size,
        );
      return out;
    });
  }

  gradientSums(batch: TrainingBatch): Promise<GradientSums> {
    return this.exclusive(async () => (await this.statistics).sums(await this.trainer, batch));
  }

  weightedGradientSums(batch: TrainingBatch): Promise<WeightedGradientSums> {
    return this.exclusive(async () =>
      (await this.statistics).weightedSums(await this.trainer, batch),
    );
  }

  gradientTaps(
    batch: TrainingBatch,
    visit: Parameters<GradientEngine['gradientTaps']>[1],
  ): Promise<number> {
    return this.exclusive(async () => {
      const { readTaps } = await import('./gradients/host-gradients.ts');
      return (await this.trainer).gradients(batch, undefined, {
        layer: (layer, gradients) =>
          readTaps(this.backend, this.model, { layer, gradients }, visit),
      });
    });
  }

  scoreTokens(
    pass: CleanPass,
    queries: readonly TokenQuery[],
    layer: number,
  ): Promise<TokenScores> {
    return this.exclusive(() =>
      this.probing.scores(CachedPass.from(pass, this.backend), queries, layer),
    );
  }

  refreshPass(pass: CleanPass, layer: number, to = this.layers): Promise<void> {
    return this.exclusive(() =>
      this.probing.refresh(CachedPass.from(pass, this.backend), layer, to),
    );
  }

  singularGradients(
    batch: TrainingBatch,
    directions: readonly WeightDirections[],
  ): Promise<{ loss: number; gradients: Float32Array[] }> {
    return this.exclusive(async () =>
      (await this.statistics).singularGradients(await this.trainer, batch, directions),
    );
  }

  async masks(): Promise<Masks> {
    this.checkOpen();
    const [{ DeviceMasks }, sparse] = await Promise.all([
      import('./adapters/masked-weights.ts'),
      this.backend.sparse(),
    ]);
    return new DeviceMasks(this.model, this.backend, sparse);
  }

  async inputGrams(batch: TokenBatch, use: AdapterUse): Promise<Float64Array[]> {
    return (await this.sparsity).inputGrams(batch, use);
  }

  async walk(batch: TokenBatch, use: AdapterUse): Promise<BlockWalk> {
    return (await this.sparsity).walk(batch, use);
  }

  async pruneMask(
    module: number,
    norms: Float32Array | null,
    pattern: PrunePattern,
    use: AdapterUse,
  ): Promise<Uint32Array> {
    return (await this.sparsity).pruneMask({
      site: this.probing.siteOf(module).site,
      module,
      norms,
      pattern,
      use,
    });
  }

  async mergedWeight(module: number, use: AdapterUse): Promise<Float32Array> {
    return (await this.sparsity).mergedWeight(this.probing.siteOf(module).site, module, use);
  }

  async *generate(request: GenerationRequest): AsyncGenerator<GeneratedToken, void, undefined> {
    yield* (await this.generation).generate(request);
  }

  async score(ids: Int32Array, use?: AdapterUse): Promise<Float64Array> {
    return (await this.generation).score(ids, use);
  }

  memory(): ModelMemory {
    const { device, heap } = this.backend.memory();
    // On the CPU, the backend does not count weights, which are arrays of the caller.
    const own = this.provider.kind === 'webgpu' ? 0 : this.pieces.weightBytes;
    return { device: device + own, heap, weights: this.form };
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    await this.tail;
    await (await this.trainerOnce.now)?.dispose();
    await (await this.statisticsOnce.now)?.dispose();
    await (await this.generationOnce.now)?.dispose();
    await this.pieces.dispose();
    await this.head.dispose();
    this.chunks.dispose();
    await this.backend.dispose();
  }

  private get trainer(): Promise<Trainer> {
    return this.trainerOnce.get();
  }

  private get statistics(): Promise<GradientStatistics> {
    return this.statisticsOnce.get();
  }

  private get sparsity(): Promise<Sparsity> {
    return this.sparsityOnce.get();
  }

  private get generation(): Promise<Generation> {
    return this.generationOnce.get();
  }

  /** Throws `disposed`. */
  private checkOpen(): void {
    if (this.disposed) throw new AtlasError('disposed');
  }

  /**
   * Runs one call at a time, because calls create and dispose sessions. Rejects with `disposed`, or
   * with `cancelled` if the engine is disposed while the call waits.
   */
  private async exclusive<T>(task: () => Promise<T>): Promise<T> {
    this.checkOpen();
    const result = this.tail.then(() => {
      if (this.disposed) throw new AtlasError('cancelled');
      return task();
    });
    this.tail = result.catch(() => undefined);
    return result;
  }

  /**
   * A pass of the clean model or through the adapters. `layers` applies to the clean model only.
   */
  private pass(
    batch: TokenBatch,
    use?: AdapterUse,
    layers?: readonly number[],
  ): Promise<CachedPass> {
    return this.probing.pass(batch, async () =>
      use ? (await this.trainer).forward(batch, use) : this.network.forward(batch, { layers }),
    );
  }
}

/** The code for adapters loads at its first use. */
const deviceAdapters = () => import('./adapters/device-adapters.ts');
