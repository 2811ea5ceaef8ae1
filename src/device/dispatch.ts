/**
 * Submits compute passes: pipelines by name, bindings with explicit sizes, numbers as uniforms.
 *
 * ONNX Runtime pads its buffers, so a buffer may be larger than its data. Never derive a length
 * from a buffer.
 */
import { shaderSource } from '#shaders';

/** A buffer and the bytes of it that are used. */
export interface Slice {
  buffer: GPUBuffer;
  bytes: number;
}

export interface Dispatch {
  /** File in `shaders/`, without its extension. */
  shader: string;
  entryPoint: string;
  /**
   * Binding i is `buffers[i]` (null: unused by this entry point). The uniforms take the next
   * binding.
   */
  buffers: readonly (Slice | null)[];
  /** 32-bit words. Convert floats with `floatBits`. */
  uniforms: readonly number[];
  /** Workgroups along x, y, z. */
  groups: readonly number[];
}

/**
 * Bytes of the uniforms of one dispatch: the largest offset alignment that a device may require.
 */
const UNIFORM_BYTES = 256;

/** Folds long ranges over y: a dimension is limited to 65,535 workgroups. */
export const fold = (groups: number): [number, number] => {
  const x = Math.min(groups, 32768);
  return [x, Math.ceil(groups / x)];
};

const word = new DataView(new ArrayBuffer(4));

/** The bits of a float32, as a word of a uniform. */
export function floatBits(x: number): number {
  word.setFloat32(0, x);
  return word.getUint32(0);
}

export class Dispatcher {
  readonly device: GPUDevice;
  private readonly pipelines = new Map<string, GPUComputePipeline>();
  private readonly modules = new Map<string, GPUShaderModule>();
  /** Shared by all submissions: each writes it and then submits, in order on one queue. */
  private uniforms: GPUBuffer;

  constructor(device: GPUDevice) {
    this.device = device;
    this.uniforms = this.uniformBuffer(1);
  }

  /**
   * Runs all dispatches in one pass and one submission. A dispatch sees the writes of earlier ones.
   */
  run(dispatches: readonly Dispatch[]): void {
    if (dispatches.length === 0) return;
    const { device } = this;
    if (this.uniforms.size < dispatches.length * UNIFORM_BYTES) {
      this.uniforms.destroy();
      this.uniforms = this.uniformBuffer(dispatches.length);
    }
    const words = new Uint32Array((dispatches.length * UNIFORM_BYTES) / 4);
    dispatches.forEach(({ uniforms }, i) => words.set(uniforms, (i * UNIFORM_BYTES) / 4));
    device.queue.writeBuffer(this.uniforms, 0, words);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    dispatches.forEach(({ shader, entryPoint, buffers, groups }, i) => {
      const pipeline = this.pipeline(shader, entryPoint);
      const entries: GPUBindGroupEntry[] = [];
      buffers.forEach((slice, binding) => {
        if (slice)
          entries.push({
            binding,
            resource: { buffer: slice.buffer, offset: 0, size: Math.ceil(slice.bytes / 4) * 4 },
          });
      });
      entries.push({
        binding: buffers.length,
        resource: { buffer: this.uniforms, offset: i * UNIFORM_BYTES, size: UNIFORM_BYTES },
      });
      pass.setPipeline(pipeline);
      pass.setBindGroup(
        0,
        device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }),
      );
      pass.dispatchWorkgroups(groups[0] ?? 1, groups[1] ?? 1, groups[2] ?? 1);
    });
    pass.end();
    device.queue.submit([encoder.finish()]);
  }

  dispose(): void {
    this.uniforms.destroy();
    this.pipelines.clear();
    this.modules.clear();
  }

  private uniformBuffer(dispatches: number): GPUBuffer {
    return this.device.createBuffer({
      size: dispatches * UNIFORM_BYTES,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
  }

  private pipeline(shader: string, entryPoint: string): GPUComputePipeline {
    const key = `${shader}/${entryPoint}`;
    let pipeline = this.pipelines.get(key);
    if (!pipeline) {
      let module = this.modules.get(shader);
      if (!module) {
        module = this.device.createShaderModule({ label: shader, code: shaderSource(shader) });
        this.modules.set(shader, module);
      }
      pipeline = this.device.createComputePipeline({
        label: key,
        layout: 'auto',
        compute: { module, entryPoint },
      });
      this.pipelines.set(key, pipeline);
    }
    return pipeline;
  }
}
