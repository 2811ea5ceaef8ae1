/**
 * Gradient statistics, one number per module, computed where the gradients are. G = Σ_t dy_t x_tᵀ
 * is a pair of taps; only GoRA forms it, one module at a time. `sums` and `jacobianNorms` read back
 * one tensor at the end.
 */
import { defined, elementAt } from '../../checked.ts';
import type { CompiledModel, Site } from '../../compiler/compiled.ts';
import { dequantise } from '../../model/weights.ts';
import type { Backend, DeviceTensor, Session } from '../backends/backend.ts';
import type {
  WeightDirections,
  GradientSums,
  SignDraw,
  TokenBatch,
  TrainingBatch,
  WeightedGradientSums,
} from '../engine.ts';
import { int, model, node, value } from '../backends/graphs.ts';
import { LogitSigns } from './logit-signs.ts';
import type { LayerGradients, Network } from '../pieces/network.ts';
import type { Pieces } from '../pieces/pieces.ts';
import type { PlacedWeights } from '../pieces/placed-weights.ts';
import type { Trainer } from '../train/trainer.ts';
import type { ModuleTaps } from '../backends/training-ops.ts';
import type { VocabularyChunks } from '../head/vocabulary-chunks.ts';

/**
 * `x` [tokens, in], `dy` [tokens, out] and `w` [out, in] → per row of w ⊙ G with G = dyᵀ x, the
 * `sum` of absolute values and the sum of `squares`. One number per row, because the runtime's
 * float32 sum of a million values has only three correct digits.
 */
function weightedGradient(): Uint8Array {
  const rows = (name: string) => value(name, 'float32', ['out', 1]);
  const along = { axes: { type: 'ints' as const, value: [1] }, keepdims: int(1) };
  return model(
    [
      node({ op: 'Gemm', inputs: ['dy', 'x'], output: 'g', attributes: { transA: int(1) } }),
      node({ op: 'Mul', inputs: ['w', 'g'], output: 'wg' }),
      node({ op: 'ReduceL1', inputs: ['wg'], output: 'sum', attributes: along }),
      node({ op: 'ReduceSumSquare', inputs: ['wg'], output: 'squares', attributes: along }),
    ],
    [
      value('x', 'float32', ['tokens', 'in']),
      value('dy', 'float32', ['tokens', 'out']),
      value('w', 'float32', ['out', 'in']),
    ],
    [rows('sum'), rows('squares')],
  );
}

const total = (values: Float32Array): number => values.reduce((sum, v) => sum + v, 0);

export class GradientStatistics {
  private readonly model: CompiledModel;
  private readonly backend: Backend;
  private readonly pieces: Pieces;
  private readonly network: Network;
  private readonly placed: PlacedWeights;
  private readonly signs: LogitSigns;
  private weighted: Promise<Session> | null = null;

  constructor({
    model,
    backend,
    pieces,
    network,
    chunks,
    placed,
  }: {
    model: CompiledModel;
    backend: Backend;
    pieces: Pieces;
    network: Network;
    chunks: VocabularyChunks;
    placed: PlacedWeights;
  }) {
    this.model = model;
    this.backend = backend;
    this.pieces = pieces;
    this.network = network;
    this.placed = placed;
    this.signs = new LogitSigns(backend, chunks);
  }

  /**
   * ‖Σ_t dy_t x_tᵀ‖_F² [draws, modules, sequences], where dy is the gradient of Σ ±logit. All draws
   * run backward as one batch. `stream`: see `Network.forward`.
   */
  async jacobianNorms(
    { ids, sequences, length }: TokenBatch,
    stream: readonly DeviceTensor[],
    draws: readonly SignDraw[],
  ): Promise<Float64Array> {
    const { backend, model } = this;
    const count = draws.length;
    const all = { ids, sequences: count * sequences, length };
    const dh = await this.signs.gradient({ ids, sequences, length }, draws);
    const inputs = stream.map((x) => backend.repeat(x, count));
    const dy = await this.pieces.head(
      { batch: all.sequences, length },
      'normBackward',
      elementAt(inputs, -1),
      new Map([['dh', dh]]),
    );
    dh.dispose();
    const norms = backend.zeros([model.modules.length * all.sequences]);
    await this.network.backward(all, inputs, { dy }, (layer, gradients) =>
      this.each(layer, gradients, async (module, taps) =>
        (await backend.training()).gradientNorms(
          taps,
          all.sequences,
          norms,
          module * all.sequences,
        ),
      ),
    );
    const read = await backend.read(norms);
    for (const used of [...inputs, norms]) used.dispose();
    const out = new Float64Array(read.length);
    const modules = model.modules.length;
    for (let d = 0, i = 0; d < count; d++) {
      for (let m = 0; m < modules; m++)
        for (let s = 0; s < sequences; s++) out[i++] = read[(m * count + d) * sequences + s]!;
    }
    return out;
  }

  /** ‖G‖_F² and Σ_t ‖dy_t‖²‖x_t‖² of the mean loss. */
  async sums(trainer: Trainer, batch: TrainingBatch): Promise<GradientSums> {
    const {
      backend,
      model: { modules },
    } = this;
    const count = modules.length;
    const into = backend.zeros([2 * count]);
    const training = await backend.training();
    const loss = await trainer.gradients(batch, undefined, {
      layer: (layer, gradients) =>
        this.each(layer, gradients, async (module, taps) => {
          await training.gradientNorms(taps, 1, into, module);
          await training.fisherSums(taps, 1, into, count + module);
        }),
    });
    const read = Float64Array.from(await backend.read(into));
    into.dispose();
    return { loss, squaredNorm: read.slice(0, count), fisher: read.slice(count) };
  }

  /** Σ |W ⊙ G| and Σ (W ⊙ G)² of the mean loss. Only one module's W and G exist at a time. */
  async weightedSums(trainer: Trainer, batch: TrainingBatch): Promise<WeightedGradientSums> {
    const { backend, model, placed } = this;
    const session = await (this.weighted ??= backend.session(
      weightedGradient(),
      'the weighted gradients',
    ));
    const results: { module: number; sum: DeviceTensor; squares: DeviceTensor }[] = [];
    const loss = await trainer.gradients(batch, undefined, {
      layer: (layer, gradients) =>
        this.each(layer, gradients, async (module, { x, dy, column }) => {
          const { inFeatures, outFeatures } = elementAt(model.modules, module);
          const tokens = batch.sequences * batch.length;
          const width = elementAt(dy.dims, -1);
          // In a packed product, the rows of the other modules are zero.
          const own = dequantise(placed.of(module));
          const w = width === outFeatures ? own : new Float32Array(width * inFeatures);
          if (w !== own) w.set(own, column * inFeatures);
          const feeds = new Map([
            ['x', backend.view(x, 'float32', [tokens, inFeatures])],
            ['dy', backend.view(dy, 'float32', [tokens, width])],
            ['w', backend.upload('float32', [width, inFeatures], new Uint8Array(w.buffer))],
          ]);
          const out = await session.run(feeds);
          for (const used of feeds.values()) used.dispose();
          results.push({
            module,
            sum: defined(out.get('sum')),
            squares: defined(out.get('squares')),
          });
        }),
    });
    const sum = new Float64Array(model.modules.length);
    const squares = new Float64Array(model.modules.length);
    for (const result of results) {
      sum[result.module] = total(await backend.read(result.sum));
      squares[result.module] = total(await backend.read(result.squares));
      for (const used of [result.sum, result.squares]) used.dispose();
    }
    return { loss, sum, squares };
  }

  /**
   * See `ScoringEngine.singularGradients`. Only one layer's directions are on the device at a time.
   */
  async singularGradients(
    trainer: Trainer,
    batch: TrainingBatch,
    directions: readonly WeightDirections[],
  ): Promise<{ loss: number; gradients: Float32Array[] }> {
    const { backend, model, placed } = this;
    const { sequences } = batch;
    const gradients = new Array<Float32Array>(directions.length);
    const own = model.modules.map((_, m) =>
      [...directions.keys()].filter((i) => elementAt(directions, i).module === m),
    );
    const put = (x: Float32Array, width: number) =>
      backend.upload(
        'float32',
        [x.length / width, width],
        new Uint8Array(x.buffer, x.byteOffset, x.byteLength),
      );
    const loss = await trainer.gradients(
      batch,
      undefined,
      {
        layer: (layer, left) =>
          this.each(layer, left, async (module, taps, y) => {
            const { inFeatures } = elementAt(model.modules, module);
            const widthOf = ({ side, rows }: WeightDirections) =>
              side === 'output' ? rows : inFeatures;
            const counts = elementAt(own, module).map(
              (i) =>
                sequences *
                (elementAt(directions, i).vectors.length / widthOf(elementAt(directions, i))),
            );
            const total = counts.reduce((a, b) => a + b, 0);
            if (total === 0) return;
            const into = backend.zeros([total]);
            const weight = elementAt(own, module).some(
              (i) => elementAt(directions, i).side === 'input',
            )
              ? dequantise(placed.of(module))
              : null;
            let at = 0;
            for (const [n, i] of elementAt(own, module).entries()) {
              const of = elementAt(directions, i);
              const { first, rows, blocks = 1, side } = of;
              const vectors = put(of.vectors, widthOf(of));
              const features = blocks * rows;
              const w =
                side === 'input'
                  ? put(
                      defined(weight).subarray(first * inFeatures, (first + features) * inFeatures),
                      inFeatures,
                    )
                  : null;
              await (
                await backend.training()
              ).singularGradients(
                { ...taps, column: taps.column + first, outFeatures: features },
                w
                  ? { side: 'input', vectors, w, blocks }
                  : { side: 'output', vectors, y: defined(y), blocks },
                { sequences, into, at },
              );
              for (const used of [vectors, w]) used?.dispose();
              at += counts[n]!;
            }
            const all = await backend.read(into);
            into.dispose();
            at = 0;
            for (const [n, i] of elementAt(own, module).entries())
              gradients[i] = all.slice(at, (at += counts[n]!));
          }),
      },
      { observed: true },
    );
    return { loss, gradients };
  }

  async dispose(): Promise<void> {
    await (await this.weighted)?.dispose();
    await this.signs.dispose();
  }

  /**
   * Visits the taps of a layer's modules. `y` is the product's output, with the layout of dy, if
   * the pass was observed.
   */
  private async each(
    layer: number,
    gradients: LayerGradients,
    visit: (module: number, taps: ModuleTaps, y: DeviceTensor | undefined) => Promise<void>,
  ): Promise<void> {
    for (const site of elementAt(this.model.blocks, layer).sites) {
      for (const { module, offset } of site.modules)
        await visit(module, this.tapsOf(site, module, offset, gradients), gradients.get(site.out));
    }
  }

  private tapsOf(
    site: Site,
    module: number,
    column: number,
    gradients: LayerGradients,
  ): ModuleTaps {
    return {
      x: defined(gradients.get(site.tap)),
      dy: defined(gradients.get(site.grad)),
      column,
      outFeatures: elementAt(this.model.modules, module).outFeatures,
    };
  }
}
