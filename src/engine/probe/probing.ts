/**
 * Evaluates the clean model and perturbed copies of it on one batch: disagreement, token scores,
 * and passes refreshed from a changed layer on.
 *
 * A perturbed weight W + N gives the clean output plus x·N, so a probe is an addition at one site
 * of one block. Nothing before that product changes: its input comes from the cached clean pass.
 * The probes of a layer, or of a few neighbouring layers, go through the rest as one batch.
 */
import { defined, elementAt } from '../../checked.ts';
import type { CompiledModel, Site } from '../../compiler/compiled.ts';
import { fillNormal } from '../../device/random.ts';
import { moduleKeys } from '../../device/streams.ts';
import type { NoiseTarget } from '../../device/twins.ts';
import { elements, type Backend, type DeviceTensor } from '../backends/backend.ts';
import { planBatches } from './batches.ts';
import type {
  NoiseDraw,
  Probe,
  ProbeDetail,
  TokenBatch,
  TokenQuery,
  TokenScores,
  VocabularySample,
} from '../engine.ts';
import type { Head } from '../head/head.ts';
import type { HeadFeeds } from '../head/head-adapter.ts';
import { entriesThatFit, tooLarge } from '../memory.ts';
import { shapeOf } from '../pieces/network.ts';
import { firstOf, type Pieces } from '../pieces/pieces.ts';
import { CachedPass } from './cached-pass.ts';
import { entriesOf, noiseSlots, pairsOf } from './probes.ts';
import { scoresOf } from '../head/token-scores.ts';
import { crossEntropy } from '../head/next-token-loss.ts';
import { checkTokens, largest } from '../tokens.ts';

/**
 * The probes (by index) of one layer in a batch, and the number of entries. Entries beyond the
 * probes' own are unperturbed padding.
 */
interface Share {
  layer: number;
  order: readonly number[];
  entries: number;
}

export interface ProbingParts {
  model: CompiledModel;
  backend: Backend;
  pieces: Pieces;
  head: Head;
  /** Bytes for cached activations and workspace. */
  budget: number;
}

export class Probing {
  private readonly model: CompiledModel;
  private readonly backend: Backend;
  private readonly pieces: Pieces;
  private readonly head: Head;
  private readonly budget: number;
  private readonly sites = new Map<number, { site: Site; offset: number }>();

  constructor({ model, backend, pieces, head, budget }: ProbingParts) {
    this.model = model;
    this.backend = backend;
    this.pieces = pieces;
    this.head = head;
    this.budget = budget;
    for (const { sites } of model.blocks) {
      for (const site of sites)
        for (const { module, offset } of site.modules) this.sites.set(module, { site, offset });
    }
  }

  private get vocab(): number {
    return this.model.vocab;
  }

  /**
   * A pass over `batch`, without its loss. `forward` computes the residual stream. Throws
   * AtlasError `bad-text` or `too-large`.
   */
  async pass(batch: TokenBatch, forward: () => Promise<DeviceTensor[]>): Promise<CachedPass> {
    checkTokens(batch, this.model.vocab, this.model.maxLength);
    const { sequences, length } = batch;
    const bytes = 4 * sequences * length * this.model.hidden * (this.model.layers + 2);
    if (bytes > this.budget) throw tooLarge(bytes, this.budget);
    const stream = await forward();
    const prepared = await this.head.prepare(shapeOf(batch), elementAt(stream, -1));
    return new CachedPass(this.backend, { batch, stream, prepared, bytes });
  }

  /** Mean next-token loss of a pass, in nats per predicted token. */
  loss({ prepared, batch }: CachedPass): Promise<number> {
    return crossEntropy((visit) => this.head.logits(prepared, visit), batch);
  }

  /** See `Engine.disagreement`. */
  async disagreement(
    pass: CachedPass,
    probes: readonly Probe[],
    sample?: VocabularySample,
  ): Promise<Float64Array> {
    const { sequences, length } = pass.batch;
    const rows = sequences * length;
    const values = new Float64Array(probes.length);
    const maxEntries = entriesThatFit(
      this.model,
      pass.batch,
      this.budget - pass.bytes,
      this.backend.largestTensor,
    );
    const layers = this.byLayer(probes);
    const joined = layers.map(({ layer, order }): Share => ({
      layer,
      order,
      entries: order.reduce((sum, i) => sum + entriesOf(elementAt(probes, i)), 0),
    }));
    const batches =
      joined.length > 1 && joined.reduce((sum, s) => sum + s.entries, 0) <= maxEntries
        ? [joined]
        : layers.flatMap(({ layer, order }) => {
            const plan = planBatches(
              order.map((i) => entriesOf(elementAt(probes, i))),
              maxEntries,
              this.backend.fullRows / rows,
            );
            return plan.batches.map(([first, end]): Share[] => [
              { layer, order: order.slice(first, end), entries: plan.entries },
            ]);
          });
    for (const shares of batches) {
      const order = shares.flatMap((s) => s.order);
      const sorted = order.map((i) => elementAt(probes, i));
      const x = await this.perturbed(pass, shares, probes);
      const sums = await this.head.distances(pass.prepared, x, pairsOf(sorted), sample);
      sums.forEach((sum, i) => {
        values[order[i]!] = sum / rows;
      });
      x.dispose();
    }
    return values;
  }

  /** See `Engine.explain`. `weight` is the dequantised weight of the probed module. */
  async explain(pass: CachedPass, probe: Probe, weight: Float32Array): Promise<ProbeDetail> {
    const { sequences, length } = pass.batch;
    const { head, vocab } = this;
    const info = elementAt(this.model.modules, probe.module);
    const x = await this.perturbed(
      pass,
      [{ layer: info.layer, order: [0], entries: entriesOf(probe) }],
      [probe],
    );
    const value =
      (await head.distances(pass.prepared, x, pairsOf([probe])))[0]! / (sequences * length);
    // Last position of the first sequence: clean, draw a, and draw b (clean if there is no draw b).
    const clean = await this.lastLogits(pass.prepared, length);
    const perturbed = [];
    for (let entry = 0; entry < entriesOf(probe); entry++) {
      const part = this.backend.slice(x, entry * sequences, sequences);
      const prepared = await head.prepare({ batch: sequences, length }, part);
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
    const noise = (draw: NoiseDraw | null) =>
      draw
        ? fillNormal(
            moduleKeys(draw.seed, probe.module, draw.draw),
            new Float32Array(count),
            0,
            draw.std,
          )
        : new Float32Array(0);
    return {
      weights: weight.slice(0, count),
      noiseA: noise(probe.a),
      noiseB: noise(probe.b),
      tokens,
      rest,
      restCount: vocab - tokens.length,
      value,
    };
  }

  /** See `ScoringEngine.scoreTokens`. */
  async scores(
    pass: CachedPass,
    queries: readonly TokenQuery[],
    layer: number,
  ): Promise<TokenScores> {
    const made = await this.suffix(pass, layer);
    const prepared =
      made.length > 0
        ? await this.head.prepare(shapeOf(pass.batch), elementAt(made, -1))
        : pass.prepared;
    const scores = await scoresOf(queries, (rows, visit) =>
      this.head.logits(prepared, visit, rows),
    );
    for (const x of made) x.dispose();
    if (prepared !== pass.prepared) prepared.dispose();
    return scores;
  }

  /** See `ScoringEngine.refreshPass`. */
  async refresh(pass: CachedPass, layer: number, to: number): Promise<void> {
    const made = await this.suffix(pass, layer, to);
    if (made.length === 0) return;
    for (const old of pass.stream.splice(layer + 1, made.length, ...made)) old.dispose();
    pass.dropOpened();
    if (to < this.model.layers) return;
    pass.prepared.dispose();
    pass.prepared = await this.head.prepare(shapeOf(pass.batch), elementAt(made, -1));
  }

  /** All logits [rows, vocab], through an adapter of the vocabulary projection if given. */
  async fullLogits(
    prepared: DeviceTensor,
    rows: number,
    only?: readonly number[],
    adapter?: HeadFeeds,
  ): Promise<Float32Array> {
    const out = new Float32Array(rows * this.vocab);
    await this.head.logits(
      prepared,
      (first, width, logits) => {
        for (let r = 0; r < rows; r++)
          out.set(logits.subarray(r * width, (r + 1) * width), r * this.vocab + first);
      },
      only,
      adapter,
    );
    return out;
  }

  /** The position of a module's product in its block. */
  siteOf(module: number): { site: Site; offset: number } {
    const found = this.sites.get(module);
    if (!found) throw new Error(`module ${module} has no site`);
    return found;
  }

  /**
   * Indices of the probes of every layer that has probes, first layer first. Within a layer, probes
   * of earlier products come first.
   */
  private byLayer(probes: readonly Probe[]): { layer: number; order: number[] }[] {
    const layerOf = (i: number) => elementAt(this.model.modules, elementAt(probes, i).module).layer;
    const order = probes
      .map((_, i) => i)
      .sort(
        (i, j) =>
          layerOf(i) - layerOf(j) ||
          this.depthOf(elementAt(probes, i)) - this.depthOf(elementAt(probes, j)) ||
          i - j,
      );
    return [...new Set(order.map(layerOf))].map((layer) => ({
      layer,
      order: order.filter((i) => layerOf(i) === layer),
    }));
  }

  private depthOf({ module }: Probe): number {
    return this.siteOf(module).site.depth;
  }

  /**
   * Inputs and outputs of the layer's products in the clean pass. Every sweep needs them, so they
   * are cached for all layers within a quarter of the memory, or else for the last layer only.
   */
  private async openedAt(
    pass: CachedPass,
    layer: number,
  ): Promise<ReadonlyMap<string, DeviceTensor>> {
    const known = pass.opened.get(layer);
    if (known) return known;
    const [main, ...others] = await this.pieces.block({
      shape: shapeOf(pass.batch),
      layer,
      variant: 'opened',
      x: elementAt(pass.stream, layer),
    });
    defined(main)[1].dispose();
    const opened = new Map(others);
    pass.open(layer, opened, this.budget / 4);
    return opened;
  }

  /**
   * End of the residual stream [entries·sequences, length, hidden] of a batch: for every share in
   * turn draw a of its first probe, its draw b, draw a of the next, …. A share joins earlier
   * layers' entries after its own block.
   */
  private async perturbed(
    pass: CachedPass,
    shares: readonly Share[],
    probes: readonly Probe[],
  ): Promise<DeviceTensor> {
    const { pieces, backend, model } = this;
    const { length } = pass.batch;
    let x: DeviceTensor | null = null;
    for (const [i, { layer, order, entries }] of shares.entries()) {
      const own = await this.perturbedLayer(
        pass,
        layer,
        order.map((p) => elementAt(probes, p)),
        entries,
      );
      if (x) {
        const joined: DeviceTensor = backend.zeros([
          x.dims[0]! + own.dims[0]!,
          ...own.dims.slice(1),
        ]);
        backend.copy(x, joined);
        backend.copy(own, joined, elements(x.dims));
        for (const part of [x, own]) part.dispose();
        x = joined;
      } else x = own;
      for (let l = layer + 1, end = shares[i + 1]?.layer ?? model.layers - 1; l <= end; l++) {
        const y: DeviceTensor = firstOf(
          await pieces.block({
            shape: { batch: x.dims[0]!, length },
            layer: l,
            variant: 'plain',
            x,
          }),
        );
        x.dispose();
        x = y;
      }
    }
    return defined(x);
  }

  /**
   * The probes' entries after their own block. Values before a perturbed product are clean: each
   * product's output starts as the clean output plus its noise. Only entries perturbed at an
   * earlier product are recomputed, one segment of the block at a time.
   */
  private async perturbedLayer(
    pass: CachedPass,
    layer: number,
    probes: readonly Probe[],
    entries: number,
  ): Promise<DeviceTensor> {
    const { backend, model } = this;
    const { sites } = elementAt(model.blocks, layer);
    const { sequences, length } = pass.batch;
    const rows = sequences * length;
    const shape = { batch: entries * sequences, length };
    const opened = await this.openedAt(pass, layer);
    const values = new Map([['x', backend.repeat(elementAt(pass.stream, layer), entries)]]);
    for (const { out } of sites) values.set(out, backend.repeat(defined(opened.get(out)), entries));
    for (const [module, slots] of noiseSlots(probes, rows, model.modules)) {
      const { site, offset } = this.siteOf(module);
      const { inFeatures, outFeatures } = elementAt(model.modules, module);
      const target: NoiseTarget = {
        tokens: rows,
        inFeatures,
        outFeatures,
        column: offset,
        stride: site.width,
      };
      await backend.noiseProduct(
        defined(opened.get(site.tap)),
        defined(values.get(site.out)),
        target,
        slots,
      );
    }
    const deepest = Math.max(...sites.map((s) => s.depth));
    for (let depth = 1; depth <= deepest; depth++) {
      const before =
        probes.filter((p) => this.depthOf(p) < depth).reduce((n, p) => n + entriesOf(p), 0) *
        sequences;
      if (before === 0) continue;
      const views = new Map(
        [...values].map(([name, t]) => [
          name,
          backend.view(t, 'float32', [before, ...t.dims.slice(1)]),
        ]),
      );
      const made = await this.pieces.segment({ shape, layer, depth, batch: before, feeds: views });
      for (const [name, t] of made) {
        backend.copy(t, defined(values.get(name)));
        t.dispose();
      }
    }
    const y = firstOf(
      await this.pieces.segment({
        shape,
        layer,
        depth: deepest + 1,
        batch: shape.batch,
        feeds: values,
      }),
    );
    for (const used of values.values()) used.dispose();
    return y;
  }

  /**
   * Outputs of the blocks from `layer` to `to` − 1, computed from the cached input of block
   * `layer`.
   */
  private async suffix(
    { batch, stream }: CachedPass,
    layer: number,
    to = this.model.layers,
  ): Promise<DeviceTensor[]> {
    const made: DeviceTensor[] = [];
    for (let l = layer; l < to; l++)
      made.push(
        firstOf(
          await this.pieces.block({
            shape: shapeOf(batch),
            layer: l,
            variant: 'plain',
            x: made.at(-1) ?? elementAt(stream, l),
          }),
        ),
      );
    return made;
  }

  private lastLogits(prepared: DeviceTensor, length: number): Promise<Float32Array> {
    return this.fullLogits(prepared, 1, [length - 1]);
  }
}
