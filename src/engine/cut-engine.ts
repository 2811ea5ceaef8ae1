/**
 * The engine on a cut model: clean pass, perturbed suffix, ℓ1 over the vocabulary (AdaRank, `methods.md` §3).
 *
 * A shaken weight W + N is the clean product plus x·N, so a probe is an addition at one site of one block. Nothing
 * before that block changes: its clean input is kept, and all probes of a layer go through the rest as one batch.
 */
import type { CompiledModel, Site } from '../compiler/compiled.ts';
import type { ModuleInfo } from '../compiler/modules.ts';
import { fillNormal, streamKeys } from '../device/random.ts';
import type { PrunePattern } from '../device/sparse-twins.ts';
import type { AdamWStep } from '../device/training-twins.ts';
import type { NoiseTarget } from '../device/twins.ts';
import { AtlasError } from '../errors.ts';
import { weightBytes } from '../model/memory.ts';
import { dequantise, weightStd } from '../model/weights.ts';
import { elements, type Backend, type DeviceTensor } from './backend.ts';
import { planBatches } from './batches.ts';
import type {
  AdapterMoments, Adapters, AdapterUse, AdapterValues, CleanPass, Engine, GradientEngine, GradientSums, LossSum, MemoryUse, NoiseDraw, Probe,
  ProbeDetail, ProviderInfo, RankUpdates, SignDraw, TokenBatch, TrainingBatch, TrainingEngine, VocabularySample, WeightedGradientSums, WeightEngine,
  DirectionPairs, GeneratedToken, GeneratingEngine, GenerationRequest, ScoringEngine, TokenQuery, TokenScores,
  BlockWalk, Masks, SparseEngine,
} from './engine.ts';
import type { Generation } from './generation.ts';
import type { GradientStatistics } from './gradient-statistics.ts';
import { createHead, type Head } from './head.ts';
import { backwardEntriesThatFit, entriesThatFit, tooLarge } from './memory.ts';
import { Network, shapeOf } from './network.ts';
import { DeviceMasks } from './masked-weights.ts';
import { firstOf, Pieces } from './pieces.ts';
import { PlacedWeights } from './placed-weights.ts';
import { entriesOf, noiseSlots, pairsOf } from './probes.ts';
import type { Sparsity } from './sparsity.ts';
import { scoresOf } from './token-scores.ts';
import { checkTokens, crossEntropy, largest } from './tokens.ts';
import type { Trainer } from './trainer.ts';
import { VocabularyChunks } from './vocabulary-chunks.ts';

export interface EngineOptions {
  model: CompiledModel;
  backend: Backend;
  /** Bytes the engine may take for weights, kept activations and workspace together. */
  memoryBudgetBytes: number;
}

/** Opens an engine. Throws AtlasError `too-large` when the weights alone do not fit. */
export function createEngine(options: EngineOptions): CutEngine {
  return new CutEngine(options);
}

interface Kept extends CleanPass {
  /** Input of every block, then the input of the head. */
  stream: DeviceTensor[];
  /** What the head keeps of it. */
  prepared: DeviceTensor;
  /** Inputs of the products of a layer, by tap name, once asked for. */
  taps: Map<number, ReadonlyMap<string, DeviceTensor>>;
  /** Of all the above. */
  bytes: number;
}

export class CutEngine implements Engine, TrainingEngine, GradientEngine, WeightEngine, ScoringEngine, GeneratingEngine, SparseEngine {
  private readonly model: CompiledModel;
  private readonly backend: Backend;
  private readonly budget: number;
  private readonly pieces: Pieces;
  private readonly network: Network;
  private readonly weights: PlacedWeights;
  private readonly chunks: VocabularyChunks;
  private readonly head: Head;
  // What only training, gradient statistics and generation need is loaded when they are first asked for.
  private trainerMade: Promise<Trainer> | null = null;
  private statisticsMade: Promise<GradientStatistics> | null = null;
  private generationMade: Promise<Generation> | null = null;
  private sparsityMade: Promise<Sparsity> | null = null;
  private readonly sites = new Map<number, { site: Site; offset: number }>();
  private readonly stds = new Map<number, number>();
  private tail: Promise<unknown> = Promise.resolve();
  private disposed = false;

  constructor({ model, backend, memoryBudgetBytes }: EngineOptions) {
    this.model = model;
    this.backend = backend;
    this.budget = memoryBudgetBytes - weightBytes(model);
    if (this.budget < 0) throw tooLarge(weightBytes(model), memoryBudgetBytes);
    this.pieces = new Pieces(model, backend);
    this.network = new Network(model, backend, this.pieces);
    this.weights = new PlacedWeights(model, backend, this.pieces);
    this.chunks = new VocabularyChunks(backend, model.head);
    this.head = createHead(model, backend, this.pieces, this.chunks);
    for (const { sites } of model.blocks) {
      for (const site of sites) for (const { module, offset } of site.modules) this.sites.set(module, { site, offset });
    }
  }

  get provider(): ProviderInfo { return this.backend.provider; }
  get modules(): readonly ModuleInfo[] { return this.model.modules; }
  get layers(): number { return this.model.layers; }
  get vocab(): number { return this.model.vocab; }
  get fullRows(): number { return this.backend.fullRows; }

  weightStd(module: number): number {
    let std = this.stds.get(module);
    if (std === undefined) this.stds.set(module, std = weightStd(this.weights.of(module)));
    return std;
  }

  materialiseWeight(module: number): Float32Array {
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
      const loss = await crossEntropy((visit) => this.head.logits(pass.prepared, visit), batch);
      return Object.assign(pass, { loss });
    });
  }

  disagreement(pass: CleanPass, layer: number, probes: readonly Probe[], sample?: VocabularySample): Promise<Float64Array> {
    return this.exclusive(async () => {
      const kept = pass as Kept, { sequences, length } = pass.batch, values = new Float64Array(probes.length);
      if (probes.length === 0) return values;
      const rows = sequences * length;
      const most = entriesThatFit(this.model, pass.batch, this.budget - kept.bytes, this.backend.largestTensor);
      const plan = planBatches(probes.map(entriesOf), most, this.backend.fullRows / rows);
      for (const [first, end] of plan.batches) {
        const share = probes.slice(first, end), x = await this.perturbed(kept, layer, share, plan.entries);
        const sums = await this.head.distances(kept.prepared, x, pairsOf(share), sample);
        sums.forEach((sum, i) => { values[first + i] = sum / rows; });
        x.dispose();
      }
      return values;
    });
  }

  explain(pass: CleanPass, probe: Probe): Promise<ProbeDetail> {
    return this.exclusive(async () => {
      const kept = pass as Kept, { sequences, length } = pass.batch, { head, vocab } = this;
      const info = this.model.modules[probe.module]!;
      const x = await this.perturbed(kept, info.layer, [probe], entriesOf(probe));
      const value = (await head.distances(kept.prepared, x, pairsOf([probe])))[0]! / (sequences * length);
      // Last position of the first sequence: clean, draw a, and draw b (which is clean where there is none).
      const clean = await this.lastLogits(kept.prepared, length), perturbed = [];
      for (let entry = 0; entry < entriesOf(probe); entry++) {
        const part = this.backend.slice(x, entry * sequences, sequences), prepared = await head.prepare({ batch: sequences, length }, part);
        perturbed.push(await this.lastLogits(prepared, length));
        for (const used of [part, prepared]) used.dispose();
      }
      x.dispose();
      const [a, b = clean] = perturbed as [Float32Array, Float32Array?];
      const tokens = largest(clean, 3).map((id) => ({ id, clean: clean[id]!, a: a[id]!, b: b[id]! }));
      const distance = (id: number) => Math.abs(a[id]! - b[id]!);
      let rest = 0;
      for (let id = 0; id < vocab; id++) rest += distance(id);
      for (const { id } of tokens) rest -= distance(id);
      const count = Math.min(8, info.inFeatures * info.outFeatures);
      const noise = (draw: NoiseDraw | null) => (draw ? fillNormal(streamKeys(draw.seed, probe.module, draw.draw), new Float32Array(count), 0, draw.std) : new Float32Array(0));
      return {
        weights: this.materialiseWeight(probe.module).slice(0, count), noiseA: noise(probe.a), noiseB: noise(probe.b),
        tokens, rest, restCount: vocab - tokens.length, value,
      };
    });
  }

  logits(batch: TokenBatch, use?: AdapterUse): Promise<Float32Array> {
    return this.exclusive(async () => {
      const pass = await this.pass(batch, use);
      try {
        return await this.fullLogits(pass.prepared, batch.sequences * batch.length);
      } finally {
        pass.dispose();
      }
    });
  }

  residuals(batch: TokenBatch): Promise<Float32Array[]> {
    return this.exclusive(async () => {
      const pass = await this.pass(batch), out: Float32Array[] = [];
      for (const x of pass.stream) out.push(await this.backend.read(x));
      pass.dispose();
      return out;
    });
  }

  adapters(values: readonly AdapterValues[], moments?: readonly AdapterMoments[]): Promise<Adapters> {
    return this.exclusive(async () => {
      const { adapterBytes, DeviceAdapters } = await import('./device-adapters.ts');
      const bytes = adapterBytes(values.reduce((n, v) => n + v.loraA.length + v.loraB.length, 0));
      if (bytes > this.budget) throw tooLarge(bytes, this.budget);
      return new DeviceAdapters(this.backend, this.model, values, moments);
    });
  }

  evaluate(batch: TrainingBatch, use?: AdapterUse): Promise<LossSum> {
    return this.exclusive(async () => (await this.trainer).evaluate(batch, use));
  }

  trainStep(batch: TrainingBatch, use: AdapterUse, adamW: AdamWStep, onlyLast?: boolean, updates?: RankUpdates): Promise<{ loss: number; gradNorm: number }> {
    return this.exclusive(async () => (await this.trainer).step(batch, use, adamW, onlyLast, updates));
  }

  gradients(batch: TrainingBatch, { residual, weight }: Parameters<TrainingEngine['gradients']>[1]): Promise<number> {
    const { backend, model } = this;
    return this.exclusive(async () => {
      const { readTaps, weightGradient } = await import('./host-gradients.ts');
      return (await this.trainer).gradients(batch, undefined, {
        residual: residual && (async (index, dx) => residual(index, await backend.read(dx))),
        layer: weight && ((layer, gradients) => readTaps(backend, model, layer, gradients, (module, x, dy) => weight(module, weightGradient(x, dy, model.modules[module]!)))),
      });
    });
  }

  jacobianNorms(pass: CleanPass, draws: readonly SignDraw[]): Promise<Float64Array> {
    return this.exclusive(async () => {
      const kept = pass as Kept, { sequences, length } = pass.batch, size = this.model.modules.length * sequences;
      if (this.model.head.nonlinearAfter) throw new AtlasError('operator', { where: 'The Jacobian probe', operator: 'a nonlinearity behind the vocabulary product' });
      const most = backwardEntriesThatFit(this.model, pass.batch, this.budget - kept.bytes), out = new Float64Array(draws.length * size);
      const plan = planBatches(draws.map(() => 1), most, this.backend.fullRows / (sequences * length));
      for (const [first, end] of plan.batches) out.set(await (await this.statistics).jacobianNorms(pass.batch, kept.stream, draws.slice(first, end)), first * size);
      return out;
    });
  }

  gradientSums(batch: TrainingBatch): Promise<GradientSums> {
    return this.exclusive(async () => (await this.statistics).sums(await this.trainer, batch));
  }

  weightedGradientSums(batch: TrainingBatch): Promise<WeightedGradientSums> {
    return this.exclusive(async () => (await this.statistics).weightedSums(await this.trainer, batch));
  }

  gradientTaps(batch: TrainingBatch, visit: Parameters<GradientEngine['gradientTaps']>[1]): Promise<number> {
    return this.exclusive(async () => {
      const { readTaps } = await import('./host-gradients.ts');
      return (await this.trainer).gradients(batch, undefined, { layer: (layer, gradients) => readTaps(this.backend, this.model, layer, gradients, visit) });
    });
  }

  scoreTokens(pass: CleanPass, queries: readonly TokenQuery[], layer: number): Promise<TokenScores> {
    return this.exclusive(async () => {
      const kept = pass as Kept, made = await this.suffix(kept, layer), prepared = made.length > 0 ? await this.head.prepare(shapeOf(pass.batch), made.at(-1)!) : kept.prepared;
      const scores = await scoresOf(queries, (rows, visit) => this.head.logits(prepared, visit, rows));
      for (const x of made) x.dispose();
      if (prepared !== kept.prepared) prepared.dispose();
      return scores;
    });
  }

  refreshPass(pass: CleanPass, layer: number): Promise<void> {
    return this.exclusive(async () => {
      const kept = pass as Kept, made = await this.suffix(kept, layer);
      if (made.length === 0) return;
      const taps = [...kept.taps.values()].flatMap((t) => [...t.values()]);
      for (const old of [...kept.stream.splice(layer + 1), kept.prepared, ...taps]) old.dispose();
      kept.taps.clear();
      kept.stream.push(...made);
      kept.prepared = await this.head.prepare(shapeOf(pass.batch), made.at(-1)!);
    });
  }

  singularGradients(batch: TrainingBatch, pairs: readonly DirectionPairs[]): Promise<{ loss: number; gradients: Float32Array[] }> {
    return this.exclusive(async () => (await this.statistics).singularGradients(await this.trainer, batch, pairs));
  }

  masks(): Masks {
    return new DeviceMasks(this.model, this.backend);
  }

  async inputGrams(batch: TokenBatch, use: AdapterUse): Promise<Float64Array[]> {
    return (await this.sparsity).inputGrams(batch, use);
  }

  async walk(batch: TokenBatch, use: AdapterUse): Promise<BlockWalk> {
    return (await this.sparsity).walk(batch, use);
  }

  async pruneMask(module: number, norms: Float32Array | null, pattern: PrunePattern, use: AdapterUse): Promise<Uint32Array> {
    return (await this.sparsity).pruneMask(this.siteOf(module).site, module, norms, pattern, use);
  }

  async mergedWeight(module: number, use: AdapterUse): Promise<Float32Array> {
    return (await this.sparsity).mergedWeight(this.siteOf(module).site, module, use);
  }

  async *generate(request: GenerationRequest): AsyncGenerator<GeneratedToken, void, undefined> {
    yield* (await this.generation).generate(request);
  }

  async score(ids: Int32Array, use?: AdapterUse): Promise<Float64Array> {
    return (await this.generation).score(ids, use);
  }

  memory(): MemoryUse {
    const use = this.backend.memory();
    // On the CPU weights are views of the file and stay outside the backend's own count.
    return this.provider.kind === 'wasm' ? { ...use, device: use.device + this.pieces.weightBytes } : use;
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    await this.tail;
    await (await this.trainerMade)?.dispose();
    await (await this.statisticsMade)?.dispose();
    (await this.generationMade)?.dispose();
    await this.pieces.dispose();
    await this.head.dispose();
    this.chunks.dispose();
    await this.backend.dispose();
  }

  private get trainer(): Promise<Trainer> {
    return this.trainerMade ??= import('./trainer.ts').then(({ Trainer }) => new Trainer(this.model, this.backend, this.pieces, this.network, this.chunks, this.weights));
  }

  private get statistics(): Promise<GradientStatistics> {
    return this.statisticsMade ??= import('./gradient-statistics.ts').then(({ GradientStatistics }) => new GradientStatistics(this.model, this.backend, this.pieces, this.network, this.chunks, this.weights));
  }

  private get sparsity(): Promise<Sparsity> {
    return this.sparsityMade ??= Promise.all([import('./sparsity.ts'), this.trainer]).then(([{ Sparsity }, trainer]) =>
      new Sparsity({ model: this.model, backend: this.backend, pieces: this.pieces, network: this.network, trainer }, <T>(task: () => Promise<T>) => this.exclusive(task)));
  }

  private get generation(): Promise<Generation> {
    return this.generationMade ??= import('./generation.ts').then(({ Generation }) => new Generation({ model: this.model, backend: this.backend, pieces: this.pieces, network: this.network, head: this.head }, <T>(task: () => Promise<T>) => this.exclusive(task), this.budget));
  }

  /** One call at a time: sessions are made and let go of along the way. */
  private exclusive<T>(task: () => Promise<T>): Promise<T> {
    const result = this.tail.then(() => {
      if (this.disposed) throw new AtlasError('cancelled');
      return task();
    });
    this.tail = result.catch(() => undefined);
    return result;
  }

  private async pass(batch: TokenBatch, use?: AdapterUse): Promise<Kept> {
    checkTokens(batch, this.model.vocab, this.model.maxLength);
    const { sequences, length } = batch;
    const bytes = 4 * sequences * length * this.model.hidden * (this.model.layers + 2);
    if (bytes > this.budget) throw tooLarge(bytes, this.budget);
    const stream = await (use ? (await this.trainer).forward(batch, use) : this.network.forward(batch));
    const prepared = await this.head.prepare(shapeOf(batch), stream.at(-1)!), taps = new Map<number, ReadonlyMap<string, DeviceTensor>>();
    const dispose = () => {
      for (const x of [...stream, prepared, ...[...taps.values()].flatMap((t) => [...t.values()])]) x.dispose();
      stream.length = 0;
      taps.clear();
    };
    return { batch, loss: NaN, stream, prepared, taps, bytes, dispose };
  }

  /**
   * Inputs of the layer's products on the clean stream. Every sweep needs them again: those of all layers are kept while they
   * take no more than a quarter of the memory, else those of the last one.
   */
  private async tapsOf(pass: Kept, layer: number): Promise<ReadonlyMap<string, DeviceTensor>> {
    const known = pass.taps.get(layer);
    if (known) return known;
    const shape = { batch: pass.batch.sequences, length: pass.batch.length };
    const [main, ...others] = await this.pieces.block(shape, layer, 'tapped', pass.stream[layer]!);
    main![1].dispose();
    const taps = new Map(others), bytes = bytesOf(taps);
    if (pass.bytes + bytes > this.budget / 4) {
      for (const old of pass.taps.values()) {
        pass.bytes -= bytesOf(old);
        for (const x of old.values()) x.dispose();
      }
      pass.taps.clear();
    }
    pass.taps.set(layer, taps);
    pass.bytes += bytes;
    return taps;
  }

  /**
   * End of the stream [entries·sequences, length, hidden] of the probes' entries: draw a of probe 0, draw b of
   * probe 0, draw a of probe 1, …; entries beyond are unperturbed padding.
   */
  private async perturbed(pass: Kept, layer: number, probes: readonly Probe[], entries: number): Promise<DeviceTensor> {
    const { backend, pieces, model } = this, { sequences, length } = pass.batch, rows = sequences * length;
    const shape = { batch: entries * sequences, length }, taps = await this.tapsOf(pass, layer);
    const deltas = new Map(model.blocks[layer]!.sites.map((site) => [site.delta, backend.zeros([shape.batch, length, site.width])]));
    for (const [module, slots] of noiseSlots(probes, rows, model.modules)) {
      const { site, offset } = this.siteOf(module), { inFeatures, outFeatures } = model.modules[module]!;
      const target: NoiseTarget = { tokens: rows, inFeatures, outFeatures, column: offset, stride: site.width };
      await backend.noiseProduct(taps.get(site.tap)!, deltas.get(site.delta)!, target, slots);
    }
    const start = backend.repeat(pass.stream[layer]!, entries);
    let x = firstOf(await pieces.block(shape, layer, 'instrumented', start, deltas));
    for (const used of [start, ...deltas.values()]) used.dispose();
    for (let l = layer + 1; l < model.layers; l++) {
      const y = firstOf(await pieces.block(shape, l, 'plain', x));
      x.dispose();
      x = y;
    }
    return x;
  }

  /** Outputs of the blocks from `layer` on, computed from that block's kept input: the later streams. */
  private async suffix({ batch, stream }: Kept, layer: number): Promise<DeviceTensor[]> {
    const made: DeviceTensor[] = [];
    for (let l = layer; l < this.model.layers; l++) made.push(firstOf(await this.pieces.block(shapeOf(batch), l, 'plain', made.at(-1) ?? stream[l]!)));
    return made;
  }

  /** All logits [rows, vocab]. */
  private async fullLogits(prepared: DeviceTensor, rows: number, only?: readonly number[]): Promise<Float32Array> {
    const out = new Float32Array(rows * this.vocab);
    await this.head.logits(prepared, (first, width, logits) => {
      for (let r = 0; r < rows; r++) out.set(logits.subarray(r * width, (r + 1) * width), r * this.vocab + first);
    }, only);
    return out;
  }

  private lastLogits(prepared: DeviceTensor, length: number): Promise<Float32Array> {
    return this.fullLogits(prepared, 1, [length - 1]);
  }

  private siteOf(module: number): { site: Site; offset: number } {
    const found = this.sites.get(module);
    if (!found) throw new Error(`module ${module} has no site`);
    return found;
  }
}

const bytesOf = (tensors: ReadonlyMap<string, DeviceTensor>): number => [...tensors.values()].reduce((sum, t) => sum + 4 * elements(t.dims), 0);
