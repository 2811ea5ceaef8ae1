/**
 * Measures only the matrix products that a LoRA step needs, as float32 `Gemm`s on the same runtime
 * and threads: a lower bound for the step. Per module: x Wᵀ, dy W and six thin products of its
 * adapter; for the head: one forward and one backward. Attention, norm, optimiser, recomputation
 * and unpacking are omitted. The eight products of a module share one run to reduce call overhead.
 */
import type * as Ort from 'onnxruntime-web';
import type { Runtime } from '../src/runtime/runtime.ts';
import { int, model, node, value } from '../src/engine/backends/graphs.ts';
import { webgpuOptions } from '../src/engine/backends/webgpu-backend.ts';

export interface Sizes {
  rows: number;
  modules: readonly { inFeatures: number; outFeatures: number }[];
  rank: number;
  hidden: number;
  vocab: number;
}

/** `op(a) op(b)`: the stored shapes of `a` and `b`, and which of them is transposed. */
interface Product {
  a: [number, number];
  b: [number, number];
  transA?: boolean;
  transB?: boolean;
}

const ofModule = (rows: number, i: number, o: number, rank: number): Product[] => [
  { a: [rows, i], b: [o, i], transB: true }, // y = x Wᵀ
  { a: [rows, o], b: [o, i] }, // dx = dy W
  { a: [rows, i], b: [rank, i], transB: true }, // u = x Aᵀ
  { a: [rows, rank], b: [o, rank], transB: true }, // y += u Bᵀ
  { a: [rows, o], b: [o, rank] }, // du = dy B
  { a: [rows, rank], b: [rank, i] }, // dx += du A
  { a: [rows, o], b: [rows, rank], transA: true }, // dB = dyᵀ u
  { a: [rows, rank], b: [rows, i], transA: true }, // dA = duᵀ x
];

const ofHead = (rows: number, hidden: number, vocab: number): Product[] => [
  { a: [rows, hidden], b: [vocab, hidden], transB: true },
  { a: [rows, vocab], b: [vocab, hidden] },
];

interface Prepared {
  session: Ort.InferenceSession;
  feeds: Record<string, Ort.Tensor>;
  times: number;
}

async function prepare(
  { ort, gpu }: Runtime,
  products: readonly Product[],
  times: number,
): Promise<Prepared> {
  const sizeOf = ({ a, b, transA, transB }: Product) => [
    transA ? a[1] : a[0],
    transB ? b[0] : b[1],
  ];
  const graph = model(
    products.map((p, i) =>
      node({
        op: 'Gemm',
        inputs: [`a${i}`, `b${i}`],
        output: `y${i}`,
        attributes: {
          transA: int(Number(p.transA ?? false)),
          transB: int(Number(p.transB ?? false)),
        },
      }),
    ),
    products.flatMap((p, i) => [value(`a${i}`, 'float32', p.a), value(`b${i}`, 'float32', p.b)]),
    products.map((p, i) => value(`y${i}`, 'float32', sizeOf(p))),
  );
  const filled = (dims: [number, number]) => {
    const data = new Float32Array(dims[0] * dims[1]).fill(0.01);
    if (!gpu) return new ort.Tensor('float32', data, dims);
    // Upload once, like weights. An upload per run would take longer than the products.
    const buffer = gpu.device.createBuffer({
      size: Math.ceil(data.byteLength / 16) * 16,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    gpu.device.queue.writeBuffer(buffer, 0, data);
    return ort.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims }) as Ort.Tensor;
  };
  const feeds = Object.fromEntries(
    products.flatMap((p, i) => [
      [`a${i}`, filled(p.a)],
      [`b${i}`, filled(p.b)],
    ]),
  );
  return {
    session: await ort.InferenceSession.create(graph, gpu ? webgpuOptions(gpu.device) : {}),
    feeds,
    times,
  };
}

/**
 * Returns a function that runs all products of one step once, and their number of floating-point
 * operations.
 */
export async function pureProducts(
  runtime: Runtime,
  { rows, modules, rank, hidden, vocab }: Sizes,
): Promise<{ run(): Promise<void>; flops: number }> {
  const shapes = new Map<string, { i: number; o: number; times: number }>();
  for (const { inFeatures: i, outFeatures: o } of modules)
    shapes.set(`${i} ${o}`, { i, o, times: (shapes.get(`${i} ${o}`)?.times ?? 0) + 1 });
  const prepared = [await prepare(runtime, ofHead(rows, hidden, vocab), 1)];
  let flops = 4 * rows * hidden * vocab;
  for (const { i, o, times } of shapes.values()) {
    prepared.push(await prepare(runtime, ofModule(rows, i, o, rank), times));
    flops += times * rows * (4 * i * o + 6 * rank * (i + o));
  }
  const run = async () => {
    for (const { session, feeds, times } of prepared) {
      for (let n = 0; n < times; n++)
        for (const y of Object.values(await session.run(feeds))) y.dispose();
    }
    // On a GPU a run returns before its work is finished.
    await runtime.gpu?.device.queue.onSubmittedWorkDone();
  };
  return { run, flops };
}
