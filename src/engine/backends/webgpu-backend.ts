/**
 * The WebGPU backend: ONNX Runtime's provider on our own device, and our kernels on the same queue.
 *
 * Weights and cached activations are buffers of our pool. The runtime owns the outputs of a run
 * until they are disposed.
 */
import { elementAt } from '../../checked.ts';
import type { TensorType } from '../../compiler/compiled.ts';
import { loadShaders } from '#shaders';
import { BufferPool, readBuffer } from '../../device/buffers.ts';
import { Dispatcher } from '../../device/dispatch.ts';
import type { Gpu } from '../../device/gpu.ts';
import { Kernels } from '../../device/kernels.ts';
import { Pace } from '../../device/pace.ts';
import type { NoiseSlot, NoiseTarget } from '../../device/twins.ts';
import { AtlasError } from '../../errors.ts';
import { bytesOf } from '../../onnx/types.ts';
import { Once } from '../../once.ts';
import {
  elements,
  FULL_ROWS,
  type Backend,
  type DeviceTensor,
  type LoraProduct,
  type Session,
} from './backend.ts';
import type { MemoryUse, ProviderInfo } from '../engine.ts';
import { gpuTensor, GpuTensor, sliceOf } from './gpu-tensor.ts';
import {
  cpuTensor,
  OrtSession,
  type Ort,
  type OrtTensor,
  type SessionOptions,
  type WebGpuOptions,
} from './ort.ts';
import { heapBytes } from './wasm-heap.ts';
import type { WebGpuSparse } from './webgpu-sparse.ts';
import type { WebGpuTraining } from './webgpu-training.ts';

/**
 * Session options for our device. The device is passed to each session, because setting it once for
 * the runtime creates a second device. A fallback of single operators to the CPU becomes an error.
 */
export const webgpuOptions = (device: GPUDevice, knobs: Knobs = {}): SessionOptions => ({
  executionProviders: [{ ...knobs, name: 'webgpu', device }],
  preferredOutputLocation: 'gpu-buffer',
  extra: { session: { disable_cpu_ep_fallback: '1' } },
});

/** Options of the runtime's provider, for benchmarks that compare them. */
export type Knobs = Partial<Pick<WebGpuOptions, 'validationMode' | 'storageBufferCacheMode'>>;

export class WebGpuBackend implements Backend {
  readonly provider: ProviderInfo;
  readonly fullRows: number = FULL_ROWS.webgpu;
  readonly fusedHead = false;
  readonly halves = false;
  readonly takesInt8 = false;
  readonly takesUint4 = true;
  readonly holds = null;
  readonly largestTensor: number;
  private readonly ort: Ort;
  private readonly gpu: Gpu;
  private readonly knobs: Knobs;
  private readonly pace: Pace;
  private readonly pool: BufferPool;
  private readonly dispatcher: Dispatcher;
  private readonly kernels: Kernels;
  private readonly trainingOnce = new Once(async () => {
    const [{ WebGpuTraining }] = await Promise.all([import('./webgpu-training.ts'), loadShaders()]);
    return new WebGpuTraining(this.dispatcher, this.pool);
  });
  private readonly sparseOnce = new Once(async () => {
    const [{ WebGpuSparse }] = await Promise.all([import('./webgpu-sparse.ts'), loadShaders()]);
    return new WebGpuSparse(this.dispatcher, this.pool, (...what) => this.upload(...what));
  });

  /**
   * `ort` is the `onnxruntime-web/webgpu` build. Backends may share the device; the last one
   * destroys it.
   */
  constructor(ort: Ort, gpu: Gpu, knobs: Knobs = {}) {
    this.ort = ort;
    this.gpu = gpu;
    this.knobs = knobs;
    this.pace = new Pace(gpu.device.queue);
    gpu.retain();
    const { limits } = gpu.device;
    this.largestTensor = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
    this.pool = new BufferPool(gpu.device);
    this.dispatcher = new Dispatcher(gpu.device);
    this.kernels = new Kernels(this.dispatcher);
    this.provider = { kind: 'webgpu', device: gpu.name, threads: 1, software: gpu.software };
  }

  training(): Promise<WebGpuTraining> {
    return this.trainingOnce.get();
  }

  sparse(): Promise<WebGpuSparse> {
    return this.sparseOnce.get();
  }

  upload(type: TensorType, dims: readonly number[], bytes: Uint8Array): DeviceTensor {
    // The runtime takes no int8 from a buffer. Any remaining int8 tensor (see `takesInt8`) stays on
    // the CPU and is copied to the GPU at every run.
    if (type === 'int8')
      return new GpuTensor(cpuTensor(this.ort, type, dims, bytes), null, () => undefined);
    const buffer = this.pool.upload(bytes);
    return this.own(type, dims, buffer, () => this.pool.release(buffer));
  }

  view(x: DeviceTensor, type: TensorType, dims: readonly number[]): DeviceTensor {
    const { buffer } = gpuTensor(x);
    const wanted = bytesOf(type, elements(dims));
    if (wanted > buffer.size)
      throw new RangeError(`a view of ${wanted} bytes does not fit into ${buffer.size}`);
    return this.own(type, dims, buffer, () => undefined);
  }

  write(x: DeviceTensor, data: Float32Array, first = 0): void {
    this.gpu.device.queue.writeBuffer(
      gpuTensor(x).buffer,
      4 * first,
      data as Float32Array<ArrayBuffer>,
    );
  }

  copy(from: DeviceTensor, into: DeviceTensor, first = 0): void {
    const { buffer, bytes } = sliceOf(from);
    this.encode((encoder) =>
      encoder.copyBufferToBuffer(buffer, 0, gpuTensor(into).buffer, 4 * first, bytes),
    );
  }

  zeros(dims: readonly number[]): DeviceTensor {
    const out = this.float(dims);
    this.encode((encoder) => encoder.clearBuffer(out.buffer, 0, out.slice.bytes));
    return out;
  }

  repeat(x: DeviceTensor, times: number): DeviceTensor {
    const { buffer, bytes } = sliceOf(x);
    const out = this.float([x.dims[0]! * times, ...x.dims.slice(1)]);
    this.encode((encoder) => {
      for (let i = 0; i < times; i++)
        encoder.copyBufferToBuffer(buffer, 0, out.buffer, i * bytes, bytes);
    });
    return out;
  }

  slice(x: DeviceTensor, first: number, count: number): DeviceTensor {
    const size = 4 * elements(x.dims.slice(1));
    const out = this.float([count, ...x.dims.slice(1)]);
    this.encode((encoder) =>
      encoder.copyBufferToBuffer(gpuTensor(x).buffer, first * size, out.buffer, 0, count * size),
    );
    return out;
  }

  async read(x: DeviceTensor): Promise<Float32Array> {
    const { buffer, bytes } = sliceOf(x);
    return new Float32Array(await readBuffer(this.gpu.device, buffer, bytes));
  }

  holding(): Promise<Session> {
    throw new RangeError('sessions on WebGPU hold no weights');
  }

  async session(model: Uint8Array, what: string): Promise<Session> {
    const session = await this.guarded(
      OrtSession.create(this.ort, model, webgpuOptions(this.gpu.device, this.knobs), what),
    );
    return {
      run: async (feeds) => {
        const inputs: Record<string, OrtTensor> = {};
        for (const [name, tensor] of feeds) inputs[name] = gpuTensor(tensor).tensor;
        const outputs = await this.guarded(session.run(inputs));
        await this.pace.step();
        return new Map(
          Object.entries(outputs).map(([name, tensor]) => [
            name,
            new GpuTensor(tensor, tensor.gpuBuffer as GPUBuffer, () => tensor.dispose()),
          ]),
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
    const draws = this.pool.acquire(32 * slots.length);
    this.kernels.noiseProduct({ x: sliceOf(x), y: sliceOf(y), target, slots, draws });
    this.pool.release(draws);
  }

  pairDifference(h: DeviceTensor, clean: DeviceTensor, pairs: Uint32Array): DeviceTensor {
    const count = pairs.length / 2;
    const size = elements(clean.dims);
    const columns = elementAt(clean.dims, -1);
    const out = this.float([(count * size) / columns, columns]);
    const list = this.pool.upload(new Uint8Array(pairs.buffer, pairs.byteOffset, pairs.byteLength));
    this.kernels.pairDifference({
      h: sliceOf(h),
      clean: sliceOf(clean),
      pairs: { buffer: list, bytes: pairs.byteLength },
      out: out.slice,
      size,
      count,
    });
    this.pool.release(list);
    return out;
  }

  async rowSums(
    a: DeviceTensor,
    b: DeviceTensor | null,
    sums: DeviceTensor,
    first: boolean,
  ): Promise<void> {
    const rows = elements(sums.dims);
    this.kernels.rowSums({
      a: sliceOf(a),
      b: b && sliceOf(b),
      sums: sliceOf(sums),
      rows,
      columns: elements(a.dims) / rows,
      first,
    });
  }

  async probeSums(sums: DeviceTensor, probes: number): Promise<Float64Array> {
    const out = this.float([probes]);
    this.kernels.probeSums(sliceOf(sums), out.slice, probes, elements(sums.dims) / probes);
    const values = Float64Array.from(await this.read(out));
    out.dispose();
    return values;
  }

  async loraDelta(
    a: Float32Array,
    b: Float32Array,
    { outputs, inputs, rank, scale }: LoraProduct,
  ): Promise<Float32Array> {
    const [as, bs] = [a, b].map((x) =>
      this.upload('float32', [x.length], new Uint8Array(x.buffer, x.byteOffset, x.byteLength)),
    ) as [DeviceTensor, DeviceTensor];
    const out = this.float([outputs, inputs]);
    this.kernels.loraDelta({
      a: sliceOf(as),
      b: sliceOf(bs),
      base: null,
      mask: null,
      out: out.slice,
      outputs,
      inputs,
      rank,
      scale,
    });
    const delta = await this.read(out);
    for (const used of [as, bs, out]) used.dispose();
    return delta;
  }

  memory(): MemoryUse {
    return { device: this.pool.bytes, heap: heapBytes() };
  }

  trim(): void {
    this.pool.trim();
  }

  async dispose(): Promise<void> {
    this.dispatcher.dispose();
    this.pool.dispose();
    this.gpu.release();
  }

  private float(dims: readonly number[]): GpuTensor {
    const buffer = this.pool.acquire(4 * elements(dims));
    return this.own('float32', dims, buffer, () => this.pool.release(buffer));
  }

  private own(
    type: TensorType,
    dims: readonly number[],
    buffer: GPUBuffer,
    free: () => void,
  ): GpuTensor {
    // The published types omit the 4-bit types, which the runtime supports.
    const tensor = this.ort.Tensor.fromGpuBuffer(buffer, { dataType: type as 'float32', dims });
    return new GpuTensor(tensor as OrtTensor, buffer, free);
  }

  private encode(commands: (encoder: GPUCommandEncoder) => void): void {
    const encoder = this.gpu.device.createCommandEncoder();
    commands(encoder);
    this.gpu.device.queue.submit([encoder.finish()]);
  }

  /** Reports any failure after the device is lost as `device-lost`. */
  private async guarded<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (cause) {
      throw (await this.gpu.lost()) ? new AtlasError('device-lost', {}, { cause }) : cause;
    }
  }
}
