/**
 * The CPU backend: ONNX Runtime's WASM or native provider, the SIMD kernel of the noise, and the
 * CPU reference implementations of the other kernels.
 *
 * Tensors are ordinary arrays. WASM copies inputs into its heap and outputs out of it at every run
 * (32 MB: 3–5 ms). The native provider reads inputs in place.
 */
import { elementAt } from '../../checked.ts';
import type { TensorType, WeightTensor } from '../../compiler/compiled.ts';
import { SimdNoise } from '../../device/simd-noise.ts';
import {
  loraDelta,
  pairDifference,
  rowSums,
  type NoiseSlot,
  type NoiseTarget,
} from '../../device/twins.ts';
import type { Graph } from '../../onnx/graph.ts';
import { Once } from '../../once.ts';
import {
  elements,
  FULL_ROWS,
  type Backend,
  type DeviceTensor,
  type LoraProduct,
  type Session,
} from './backend.ts';
import { cpu, CpuTensor, floats } from './cpu-tensor.ts';
import type { MemoryUse, ProviderInfo } from '../engine.ts';
import { cpuTensor, OrtSession, type Ort, type OrtTensor, type SessionOptions } from './ort.ts';
import { heapBytes } from './wasm-heap.ts';
import type { CpuSparse } from './cpu-sparse.ts';
import type { CpuTraining } from './cpu-training.ts';

/** A CPU build of the runtime. */
export interface CpuBuild {
  provider: ProviderInfo;
  options: SessionOptions;
  /** Whether sessions take tensors of 4-bit numbers, and of half floats. */
  takesUint4: boolean;
  takesHalves: boolean;
  holds: Backend['holds'];
  /** Other options for sessions that hold their weights. */
  holdingOptions?: SessionOptions;
  noise(): SimdNoise;
}

/** `ort`: any build of onnxruntime-web, already configured (threads, wasm paths). */
const wasmBuild = (ort: Ort): CpuBuild => ({
  provider: {
    kind: 'wasm',
    device: 'CPU',
    threads: ort.env.wasm.numThreads ?? 1,
    software: false,
  },
  options: { executionProviders: ['wasm'] },
  takesUint4: true,
  takesHalves: true,
  // The kernel for packed weights is slow with one row. The heap is 4 GB, and the runtime needs
  // twice the weights while it creates a session.
  holds: { form: 'float32', maxBytes: 1e9 },
  noise: () => new SimdNoise(),
});

export class CpuBackend implements Backend {
  readonly provider: ProviderInfo;
  readonly fullRows: number;
  readonly fusedHead = true;
  readonly halves: boolean;
  readonly takesUint4: boolean;
  readonly holds: Backend['holds'];
  readonly takesInt8 = true;
  readonly largestTensor = 2 ** 31 - 1;
  private readonly ort: Ort;
  private readonly options: SessionOptions;
  private readonly holdingOptions: SessionOptions;
  private readonly trainingOnce = new Once(
    async () => new (await import('./cpu-training.ts')).CpuTraining(this.ort, this.options),
  );
  private readonly sparseOnce = new Once(
    async () => new (await import('./cpu-sparse.ts')).CpuSparse(this.ort, this.options),
  );
  private readonly makeNoise: () => SimdNoise;
  private noise: SimdNoise | null = null;

  /** `build`: by default that of onnxruntime-web, already configured (threads, wasm paths). */
  constructor(
    ort: Ort,
    {
      provider,
      options,
      takesUint4,
      takesHalves,
      holds,
      holdingOptions,
      noise,
    }: CpuBuild = wasmBuild(ort),
  ) {
    this.ort = ort;
    this.provider = provider;
    this.options = options;
    this.holdingOptions = { ...options, ...holdingOptions };
    this.fullRows = FULL_ROWS[provider.kind];
    this.takesUint4 = takesUint4;
    this.halves = takesHalves;
    this.holds = holds;
    this.makeNoise = noise;
  }

  training(): Promise<CpuTraining> {
    return this.trainingOnce.get();
  }

  sparse(): Promise<CpuSparse> {
    return this.sparseOnce.get();
  }

  upload(type: TensorType, dims: readonly number[], bytes: Uint8Array): DeviceTensor {
    return new CpuTensor(cpuTensor(this.ort, type, dims, bytes));
  }

  view(x: DeviceTensor, type: TensorType, dims: readonly number[]): DeviceTensor {
    return cpu(x).view(this.ort, type, dims);
  }

  write(x: DeviceTensor, data: Float32Array, first = 0): void {
    cpu(x).data.set(data, first);
  }

  copy(from: DeviceTensor, into: DeviceTensor, first = 0): void {
    cpu(into).data.set(cpu(from).data, first);
  }

  zeros(dims: readonly number[]): DeviceTensor {
    return this.own(new Float32Array(elements(dims)), dims);
  }

  repeat(x: DeviceTensor, times: number): DeviceTensor {
    const { data } = cpu(x);
    const out = new Float32Array(data.length * times);
    for (let i = 0; i < times; i++) out.set(data, i * data.length);
    return this.own(out, [x.dims[0]! * times, ...x.dims.slice(1)]);
  }

  slice(x: DeviceTensor, first: number, count: number): DeviceTensor {
    const size = elements(x.dims.slice(1));
    return this.own(cpu(x).data.slice(first * size, (first + count) * size), [
      count,
      ...x.dims.slice(1),
    ]);
  }

  async read(x: DeviceTensor): Promise<Float32Array> {
    return cpu(x).data.slice();
  }

  session(model: Uint8Array, what: string): Promise<Session> {
    return this.open(model, what, this.options);
  }

  async holding(
    graph: Graph,
    weights: ReadonlyMap<string, WeightTensor>,
    what: string,
  ): Promise<Session> {
    const { heldModel } = await import('./held-model.ts');
    const inside = this.provider.kind === 'native';
    const { model, externalData } = heldModel(graph, weights, inside);
    return this.open(model, what, {
      ...this.holdingOptions,
      ...(externalData && { externalData }),
    });
  }

  private async open(model: Uint8Array, what: string, options: SessionOptions): Promise<Session> {
    const session = await OrtSession.create(this.ort, model, options, what);
    return {
      run: async (feeds) => {
        const inputs: Record<string, OrtTensor> = {};
        for (const [name, tensor] of feeds) inputs[name] = cpu(tensor).tensor;
        const outputs = await session.run(inputs);
        return new Map(
          Object.entries(outputs).map(([name, tensor]) => [name, new CpuTensor(tensor)]),
        );
      },
      dispose: () => session.dispose(),
    };
  }

  async noiseProduct(
    x: DeviceTensor,
    y: DeviceTensor,
    target: NoiseTarget,
    slots: readonly NoiseSlot[],
  ): Promise<void> {
    this.noise ??= this.makeNoise();
    this.noise.product(cpu(x).data, cpu(y).data, target, slots);
  }

  pairDifference(h: DeviceTensor, clean: DeviceTensor, pairs: Uint32Array): DeviceTensor {
    const size = elements(clean.dims);
    const columns = elementAt(clean.dims, -1);
    return this.own(pairDifference(cpu(h).data, cpu(clean).data, pairs, size), [
      ((pairs.length / 2) * size) / columns,
      columns,
    ]);
  }

  async rowSums(
    a: DeviceTensor,
    b: DeviceTensor | null,
    sums: DeviceTensor,
    first: boolean,
  ): Promise<void> {
    const into = cpu(sums).data;
    const total = first ? new Float64Array(into.length) : Float64Array.from(into);
    rowSums(cpu(a).data, b && cpu(b).data, total, cpu(a).data.length / into.length);
    into.set(total);
  }

  async probeSums(sums: DeviceTensor, probes: number): Promise<Float64Array> {
    const rows = cpu(sums).data;
    const share = rows.length / probes;
    const out = new Float64Array(probes);
    rows.forEach((value, r) => {
      const p = Math.floor(r / share);
      out[p] = out[p]! + value;
    });
    return out;
  }

  async loraDelta(
    a: Float32Array,
    b: Float32Array,
    { outputs, inputs, rank, scale }: LoraProduct,
  ): Promise<Float32Array> {
    return loraDelta({ a, b, base: null, mask: null, outputs, inputs, rank, scale });
  }

  memory(): MemoryUse {
    return { device: this.noise?.bytes ?? 0, heap: heapBytes() };
  }

  /** Nothing is pooled: the noise's workspace serves all sizes. */
  trim(): void {}

  private disposeNoise(): void {
    this.noise?.dispose();
    this.noise = null;
  }

  async dispose(): Promise<void> {
    await (await this.trainingOnce.now)?.dispose();
    await (await this.sparseOnce.now)?.dispose();
    this.disposeNoise();
  }

  private own(data: Float32Array, dims: readonly number[]): CpuTensor {
    return floats(this.ort, data, dims);
  }
}
