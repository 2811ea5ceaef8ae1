/**
 * A minimal engine for tests of the compiler: runs an export, original or cut into pieces, in
 * onnxruntime-web on the CPU. One session at a time.
 */
import * as ort from 'onnxruntime-web';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { defined, elementAt } from '../src/checked.ts';
import type { CompiledModel, Piece, WeightTensor } from '../src/compiler/compiled.ts';
import type { Graph } from '../src/onnx/graph.ts';
import { readGraph } from '../src/onnx/read.ts';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';

export interface Tokens {
  ids: readonly number[];
  batch: number;
  length: number;
}

/** A float32 result with its dimensions. */
export interface Result {
  dims: readonly number[];
  data: Float32Array;
}

export type Results = Record<string, Result>;

/** A model file and its external data. */
export function openModel(path: string): {
  bytes: Uint8Array;
  external: (name: string) => Uint8Array | null;
} {
  return {
    bytes: readFileSync(path),
    external: (name) => {
      try {
        return readFileSync(join(dirname(path), name));
      } catch {
        return null;
      }
    },
  };
}

export async function readModel(path: string): Promise<Graph> {
  const { bytes, external } = openModel(path);
  return readGraph(bytes, { file: elementAt(path.split('/'), -1), external });
}

/** Runs a model once. float16 results are converted to float32. */
async function runOnce(
  model: Uint8Array,
  feeds: Record<string, ort.Tensor>,
  options: ort.InferenceSession.SessionOptions = {},
  wanted?: string[],
): Promise<Results> {
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ['wasm'],
    ...options,
  });
  try {
    const used = Object.fromEntries(session.inputNames.map((n) => [n, defined(feeds[n])]));
    const outputs = await session.run(used, wanted ?? session.outputNames);
    return Object.fromEntries(
      Object.entries(outputs).map(([name, t]) => [
        name,
        {
          dims: t.dims,
          data:
            t.type === 'float16'
              ? widenedHalves(t.data as Uint16Array | Float32Array)
              : Float32Array.from(t.data as Float32Array),
        },
      ]),
    );
  } finally {
    await session.release();
  }
}

function widenedHalves(data: ArrayLike<number>): Float32Array {
  if (!(data instanceof Uint16Array)) return Float32Array.from(data);
  return Float32Array.from(data, (h) => {
    const sign = h & 0x8000 ? -1 : 1;
    const exponent = (h >> 10) & 31;
    const fraction = h & 1023;
    return exponent === 0
      ? sign * fraction * 2 ** -24
      : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}

/**
 * Logits of the original export, without past and with all positions attended. `headDim` is needed
 * if the graph does not fix it.
 */
export async function runOriginal({
  graph,
  bytes,
  external,
  tokens,
  headDim = 1,
}: {
  graph: Graph;
  bytes: Uint8Array;
  external: (name: string) => Uint8Array | null;
  tokens: Tokens;
  headDim?: number;
}): Promise<Result> {
  const { ids, batch, length } = tokens;
  const feeds: Record<string, ort.Tensor> = {};
  const int64 = (values: readonly number[]) =>
    new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [batch, length]);
  for (const { name, type, dims } of graph.inputs) {
    if (name === 'input_ids') feeds[name] = int64(ids);
    else if (name === 'attention_mask') feeds[name] = int64(ids.map(() => 1));
    else if (name === 'position_ids') feeds[name] = int64(ids.map((_, i) => i % length));
    else {
      const shape = dims.map((d, i) =>
        typeof d === 'number' ? d : i === 0 ? batch : i === 2 ? 0 : headDim,
      );
      feeds[name] =
        type === 'float16'
          ? new ort.Tensor('float16', new Uint16Array(0), shape)
          : new ort.Tensor('float32', new Float32Array(0), shape);
    }
  }
  const data = externalNames(bytes).flatMap((path) => {
    const found = external(path);
    return found ? [{ path, data: found }] : [];
  });
  return defined(
    (await runOnce(bytes, feeds, data.length > 0 ? { externalData: data } : {}, ['logits'])).logits,
  );
}

/** Names of external files, which a model contains as plain strings. */
function externalNames(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes).toString('latin1');
  return [...new Set([...text.matchAll(/model[\w.]*\.onnx[._]data(?:_\d+)?/g)].map((m) => m[0]))];
}

const tensorOf = (w: WeightTensor) => {
  const bytes = new Uint8Array(w.bytes);
  const type = w.type as 'float32';
  const data =
    w.type === 'float32'
      ? new Float32Array(bytes.buffer)
      : w.type === 'int8'
        ? new Int8Array(bytes.buffer)
        : bytes;
  return new ort.Tensor(type, data as Float32Array, [...w.dims]);
};

/** Runs one piece on activations, in the order of `piece.inputs`. */
export async function runPiece(piece: Piece, activations: readonly Result[]): Promise<Results> {
  const feeds: Record<string, ort.Tensor> = {};
  for (const [name, w] of piece.weights) feeds[name] = tensorOf(w);
  piece.inputs.forEach((name, i) => {
    feeds[name] = new ort.Tensor('float32', elementAt(activations, i).data, [
      ...elementAt(activations, i).dims,
    ]);
  });
  return runOnce(piece.model, feeds);
}

/**
 * A layer's output, computed segment by segment. `added[i]` is added to the output of the product
 * at site i.
 */
export async function runSegments(
  model: CompiledModel,
  layer: number,
  x: Result,
  added: readonly Float32Array[],
): Promise<Result> {
  const [batch, length] = x.dims as [number, number, number];
  const { sites } = elementAt(model.blocks, layer);
  const values: Results = { x };
  for (let depth = 0; !values.y; depth++) {
    const piece = model.segment(layer, batch, length, depth);
    Object.assign(
      values,
      await runPiece(
        piece,
        piece.inputs.map((name) => defined(values[name])),
      ),
    );
    for (const { index, out } of sites.filter((s) => s.depth === depth))
      added[index]?.forEach((v, i) => {
        defined(values[out]).data[i]! += v;
      });
  }
  return values.y;
}

/** The rows of all lookup tables for these tokens. */
export function lookUp(model: CompiledModel, { ids, batch, length }: Tokens): Result[] {
  return model.lookups.map((table) => {
    const data = new Float32Array(ids.length * table.width);
    ids.forEach((id, i) => table.read(id, data.subarray(i * table.width, (i + 1) * table.width)));
    return { dims: [batch, length, table.width], data };
  });
}

/** Logits and residual streams of the cut model. */
export async function runCut(
  model: CompiledModel,
  tokens: Tokens,
): Promise<{ logits: Result; residuals: Result[] }> {
  const { batch, length } = tokens;
  let x = defined((await runPiece(model.embedding(batch, length), lookUp(model, tokens))).y);
  const residuals = [x];
  for (let layer = 0; layer < model.layers; layer++) {
    x = defined((await runPiece(model.block(layer, batch, length, 'plain'), [x])).y);
    residuals.push(x);
  }
  return {
    logits: defined((await runPiece(model.headPiece(batch, length, 'logits'), [x])).logits),
    residuals,
  };
}

/** Largest absolute difference. NaN if an element is NaN, Infinity if lengths differ. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let max = 0;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i]! - b[i]!);
    if (!(d <= max)) max = d;
  }
  return max;
}
