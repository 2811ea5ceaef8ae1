/**
 * A minimal training step for tests: forward through the pieces, mean next-token cross entropy in
 * double precision, backward through the pieces. Runs in onnxruntime-web on the CPU.
 */
import { defined, elementAt } from '../src/checked.ts';
import {
  difference,
  lookUp,
  runPiece,
  runSegments,
  type Result,
  type Results,
  type Tokens,
} from './pipeline.ts';
import { fillNormal, streamKeys } from '../src/device/random.ts';
import { float32View } from '../src/onnx/float16.ts';
import type { BlockVariant, CompiledModel } from '../src/compiler/compiled.ts';
import { adapterGradient } from '../src/device/training-twins.ts';
import { dequantise } from '../src/model/weights.ts';

/**
 * The loss and its gradient with respect to the logits `[batch, length, vocab]`. The last token of
 * a sequence predicts nothing.
 */
export function crossEntropy(
  logits: Float32Array,
  vocab: number,
  { ids, batch, length }: Tokens,
): { loss: number; gradient: Float64Array } {
  const gradient = new Float64Array(logits.length);
  const predicted = batch * (length - 1);
  let loss = 0;
  ids.forEach((_, row) => {
    if (row % length === length - 1) return;
    const own = logits.subarray(row * vocab, (row + 1) * vocab);
    const max = own.reduce((a, b) => Math.max(a, b), -Infinity);
    const next = ids[row + 1]!;
    const sum = own.reduce((s, z) => s + Math.exp(z - max), 0);
    loss += (Math.log(sum) + max - own[next]!) / predicted;
    own.forEach((z, v) => {
      gradient[row * vocab + v] = (Math.exp(z - max) / sum - Number(v === next)) / predicted;
    });
  });
  return { loss, gradient };
}

/** `dlogits W` of a float head, `[batch, length, hidden]`. */
function throughHead(
  { head }: CompiledModel,
  gradient: Float64Array,
  dims: readonly number[],
): Result {
  const { vocab, hidden, transposed } = head;
  const w = float32View(elementAt(head.tensors, 0).bytes);
  const rows = gradient.length / vocab;
  const data = new Float32Array(rows * hidden);
  for (let r = 0; r < rows; r++) {
    for (let h = 0; h < hidden; h++) {
      let sum = 0;
      for (let v = 0; v < vocab; v++)
        sum += gradient[r * vocab + v]! * w[transposed ? h * vocab + v : v * hidden + h]!;
      data[r * hidden + h] = sum;
    }
  }
  return { dims, data };
}

export interface Step {
  loss: number;
  /** Residual stream before each layer and after the last, and its gradients. */
  residuals: Result[];
  gradients: Result[];
  /** Outputs of each layer's backward piece. */
  blocks: Results[];
}

/** One forward and backward pass. `adapters` are in the order of the pieces' inputs. */
export async function step(
  model: CompiledModel,
  tokens: Tokens,
  adapters?: (layer: number) => Result[],
): Promise<Step> {
  const { batch, length } = tokens;
  const extra = (layer: number) => adapters?.(layer) ?? [];
  const residuals = [
    defined((await runPiece(model.embedding(batch, length), lookUp(model, tokens))).y),
  ];
  for (let layer = 0; layer < model.layers; layer++) {
    residuals.push(
      defined(
        (
          await runPiece(await model.block(layer, batch, length, adapters ? 'adapted' : 'plain'), [
            elementAt(residuals, layer),
            ...extra(layer),
          ])
        ).y,
      ),
    );
  }
  const last = elementAt(residuals, -1);
  const { logits } = await runPiece(model.headPiece(batch, length, 'logits'), [last]);
  const { loss, gradient } = crossEntropy(defined(logits).data, model.vocab, tokens);
  const dh = throughHead(model, gradient, last.dims);
  const gradients = [
    defined((await runPiece(await model.headPiece(batch, length, 'normBackward'), [last, dh])).dx),
  ];
  const blocks: Results[] = [];
  for (let layer = model.layers - 1; layer >= 0; layer--) {
    const piece = await model.block(
      layer,
      batch,
      length,
      adapters ? 'adaptedBackward' : 'backward',
    );
    blocks.unshift(
      await runPiece(piece, [
        elementAt(residuals, layer),
        elementAt(gradients, 0),
        ...extra(layer),
      ]),
    );
    gradients.unshift(defined(elementAt(blocks, 0).dx));
  }
  return { loss, residuals, gradients, blocks };
}

/** `G = Σ dy xᵀ` of a module, `[out, in]`, from the tap and the gradient of its site. */
export function weightGradient(
  model: CompiledModel,
  { blocks }: Pick<Step, 'blocks'>,
  module: number,
): Float64Array {
  const { layer, inFeatures, outFeatures } = elementAt(model.modules, module);
  const site = defined(
    elementAt(model.blocks, layer).sites.find((s) => s.modules.some((m) => m.module === module)),
  );
  const { offset } = defined(site.modules.find((m) => m.module === module));
  const x = defined(defined(blocks[layer])[site.tap]).data;
  const dy = defined(defined(blocks[layer])[site.grad]).data;
  const G = new Float64Array(outFeatures * inFeatures);
  for (let row = 0; row < x.length / inFeatures; row++) {
    for (let o = 0; o < outFeatures; o++) {
      const g = dy[row * site.width + offset + o]!;
      for (let i = 0; i < inFeatures; i++) G[o * inFeatures + i]! += g * x[row * inFeatures + i]!;
    }
  }
  return G;
}

const random = (stream: number, dims: readonly number[], scale = 1): Result => {
  const data = fillNormal(
    streamKeys(11, stream, 0),
    new Float32Array(dims.reduce((n, d) => n * d, 1)),
    0,
    scale,
  );
  return { dims, data };
};

/**
 * Adapters of a layer with nonzero B, in the order of the pieces' inputs. Ranks differ between
 * modules.
 */
export function randomAdapters(model: CompiledModel, layer: number): Result[] {
  return elementAt(model.blocks, layer).sites.flatMap((site) =>
    site.modules.flatMap(({ module }) => {
      const { inFeatures, outFeatures } = elementAt(model.modules, module);
      const rank = 1 + (module % 4);
      return [
        random(3 * module, [rank, inFeatures], inFeatures ** -0.5),
        random(3 * module + 1, [rank, outFeatures], 0.2),
        { dims: [1], data: Float32Array.of(2 / rank) },
      ];
    }),
  );
}

const moved = (x: Result, along: Result, h: number): Result => ({
  ...x,
  data: x.data.map((v, i) => v + h * along.data[i]!),
});
const dot = (a: Result, b: Result): number => a.data.reduce((sum, v, i) => sum + v * b.data[i]!, 0);

/** Central difference `Σ (y(h) − y(−h)) · dy / 2h`. */
async function slope(y: (h: number) => Promise<Result>, dy: Result, h: number): Promise<number> {
  return (dot(await y(h), dy) - dot(await y(-h), dy)) / (2 * h);
}

/**
 * Error of a layer's gradients against central differences, relative to the length of the gradient.
 * The direction is random in the layer's input and every product's output. With `adapted` it is
 * random in the input and every A and B.
 */
export async function slopeError({
  model,
  layer,
  batch,
  length,
  adapted = false,
  h = 3e-3,
}: {
  model: CompiledModel;
  layer: number;
  batch: number;
  length: number;
  adapted?: boolean;
  h?: number;
}): Promise<number> {
  const stream = elementAt(model.blocks, layer).sites;
  const dims = [batch, length, model.hidden];
  const x = random(1000, dims);
  const dy = random(1001, dims);
  const v = random(1002, dims);
  if (!adapted) {
    const along = stream.map((site, i) => random(2000 + i, [batch, length, site.width]));
    const own = await runPiece(await model.block(layer, batch, length, 'backward'), [x, dy]);
    const pairs = [
      [defined(own.dx), v],
      ...stream.map((site, i) => [defined(own[site.grad]), elementAt(along, i)]),
    ] as [Result, Result][];
    const measured = await slope(
      (t) =>
        runSegments(
          model,
          layer,
          moved(x, v, t),
          along.map((a) => a.data.map((w) => t * w)),
        ),
      dy,
      h,
    );
    return (
      Math.abs(measured - pairs.reduce((sum, [g, w]) => sum + dot(g, w), 0)) /
      Math.sqrt(pairs.reduce((sum, [g]) => sum + dot(g, g), 0))
    );
  }
  const adapters = randomAdapters(model, layer);
  const along = adapters.map((a, i) =>
    i % 3 === 2 ? { ...a, data: Float32Array.of(0) } : random(3000 + i, a.dims, 0.1),
  );
  const own = await runPiece(await model.block(layer, batch, length, 'adaptedBackward'), [
    x,
    dy,
    ...adapters,
  ]);
  let predicted = dot(defined(own.dx), v);
  let scale = dot(defined(own.dx), defined(own.dx));
  let at = 0;
  for (const site of stream) {
    for (const { module } of site.modules) {
      const { outFeatures: out, inFeatures } = elementAt(model.modules, module);
      const G = weightGradient(model, { blocks: { [layer]: own } as unknown as Results[] }, module);
      const [A, B, s] = adapters.slice(at, at + 3) as [Result, Result, Result];
      const rank = A.dims[0]!;
      // dA = s Bᵀ G and dBᵀ = s A Gᵀ (methods.md §1). B is stored transposed.
      for (let r = 0; r < rank; r++) {
        for (let i = 0; i < inFeatures; i++) {
          let g = 0;
          for (let o = 0; o < out; o++)
            g += s.data[0]! * B.data[r * out + o]! * G[o * inFeatures + i]!;
          predicted += g * elementAt(along, at).data[r * inFeatures + i]!;
        }
        for (let o = 0; o < out; o++) {
          let g = 0;
          for (let i = 0; i < inFeatures; i++)
            g += s.data[0]! * A.data[r * inFeatures + i]! * G[o * inFeatures + i]!;
          predicted += g * elementAt(along, at + 1).data[r * out + o]!;
          scale += 0.01 * g * g;
        }
      }
      at += 3;
    }
  }
  const piece = await model.block(layer, batch, length, 'adapted');
  const measured = await slope(
    async (t) =>
      defined(
        (
          await runPiece(piece, [
            moved(x, v, t),
            ...adapters.map((a, i) => moved(a, elementAt(along, i), t)),
          ])
        ).y,
      ),
    dy,
    h,
  );
  return Math.abs(measured - predicted) / Math.sqrt(scale);
}

/**
 * Compares a layer that saves activations for backward with one that recomputes them. Also compares
 * the adapter gradients of its graph with the kernel's reference implementation on its taps.
 * Returns the largest error, relative to the largest number of the tensor.
 */
export async function savedError(
  model: CompiledModel,
  layer: number,
  batch: number,
  length: number,
): Promise<number> {
  const dims = [batch, length, model.hidden];
  const x = random(1000, dims);
  const dy = random(1001, dims);
  const adapters = randomAdapters(model, layer);
  const errors: number[] = [];
  const compare = (own: Result, right: ArrayLike<number>) =>
    errors.push(difference(own.data, right) / Math.max(1e-30, ...Array.from(right, Math.abs)));
  const of = (variant: BlockVariant) => model.block(layer, batch, length, variant);
  const names = (await of('adapted')).inputs.slice(1);
  const values = new Map<string, Result>([
    ['x', x],
    ['dy', dy],
    ...names.map((name, i) => [name, elementAt(adapters, i)] as const),
  ]);
  const run = async (variant: BlockVariant) => {
    const piece = await of(variant);
    return runPiece(
      piece,
      piece.inputs.map((name) => defined(values.get(name))),
    );
  };
  const { y, ...saved } = await run('saved');
  compare(defined(y), defined((await run('adapted')).y).data);
  const again = await run('adaptedBackward');
  for (const [name, value] of Object.entries(saved)) values.set(name, value);
  const taps = await run('savedBackward');
  const direct = await run('adapterBackward');
  for (const [name, { data }] of Object.entries(again)) compare(defined(taps[name]), data);
  compare(defined(direct.dx), defined(again.dx).data);
  for (const [i, { site, module, offset, gradA, gradB }] of elementAt(model.blocks, layer)
    .sites.flatMap((site) => site.modules.map((m) => ({ site, ...m })))
    .entries()) {
    const { inFeatures, outFeatures } = elementAt(model.modules, module);
    const [a, b, s] = adapters.slice(3 * i) as [Result, Result, Result];
    const rank = a.dims[0]!;
    const place = {
      tokens: batch * length,
      inFeatures,
      outFeatures,
      column: offset,
      stride: site.width,
    };
    const into = { a: new Float32Array(a.data.length), b: new Float32Array(b.data.length) };
    adapterGradient({
      x: defined(again[site.tap]).data,
      dy: defined(again[site.grad]).data,
      place,
      adapter: { a: a.data, b: b.data },
      rows: { from: 0, to: rank },
      scale: s.data[0]!,
      into,
    });
    compare(defined(direct[gradA]), into.a);
    compare(defined(direct[gradB]), into.b);
  }
  return Math.max(...errors);
}

/**
 * Error of the product outputs of the observed piece against x Wᵀ without bias, relative to the
 * largest output.
 */
export async function observedError(
  model: CompiledModel,
  layer: number,
  batch: number,
  length: number,
): Promise<number> {
  const random = (stream: number) => ({
    dims: [batch, length, model.hidden],
    data: fillNormal(streamKeys(6, stream, 0), new Float32Array(batch * length * model.hidden)),
  });
  const done = await runPiece(await model.block(layer, batch, length, 'observed'), [
    random(1),
    random(2),
  ]);
  let worst = 0;
  for (const site of elementAt(model.blocks, layer).sites) {
    for (const { module, offset } of site.modules) {
      const { inFeatures, outFeatures } = elementAt(model.modules, module);
      const w = dequantise(model.weightOf(module));
      const x = defined(done[site.tap]).data;
      const y = defined(done[site.out]).data;
      let apart = 0;
      let max = 0;
      for (let t = 0; t < batch * length; t++)
        for (let o = 0; o < outFeatures; o++) {
          let sum = 0;
          for (let k = 0; k < inFeatures; k++)
            sum += x[t * inFeatures + k]! * w[o * inFeatures + k]!;
          apart = Math.max(apart, Math.abs(sum - y[t * site.width + offset + o]!));
          max = Math.max(max, Math.abs(sum));
        }
      worst = Math.max(worst, apart / max);
    }
  }
  return worst;
}
