/**
 * What a program asks of WebGPU, counted where it asks: at the methods of the device, its queue,
 * its encoders and buffers.
 */
import { globals } from 'webgpu';
import { defined } from '../../src/checked.ts';
import type { Ort } from '../../src/engine/backends/ort.ts';

export interface Counts {
  /** Calls of the runtime's `session.run`. */
  runs: number;
  dispatches: number;
  /** Compute passes. */
  passes: number;
  /** `clearBuffer`. */
  clears: number;
  submits: number;
  /** `mapAsync` for reading: each waits for the GPU. */
  readbacks: number;
  /**
   * `writeBuffer`, and buffers mapped at creation; the runtime writes the numbers of each of its
   * dispatches so.
   */
  uploads: number;
  /** Buffers made. The runtime uses its own again, each after a clear. */
  buffers: number;
  /** Most bytes of buffers there were at once, the model's weights among them. */
  peakBytes: number;
}

type Method = (this: object, ...args: never[]) => unknown;

/** Puts a method in the place of a prototype's; `around` makes it of the original. */
function replace(prototype: object, name: string, around: (original: Method) => Method): void {
  const methods = prototype as Record<string, Method>;
  const original = methods[name];
  if (!original) throw new Error(`there is no ${name} to be counted`);
  methods[name] = around(original);
}

const nothing = (): Counts => ({
  runs: 0,
  dispatches: 0,
  passes: 0,
  clears: 0,
  submits: 0,
  readbacks: 0,
  uploads: 0,
  buffers: 0,
  peakBytes: 0,
});

const prototypeOf = (name: string): object =>
  defined((globals as unknown as Record<string, { prototype: object }>)[name]).prototype;

/**
 * Counts from now on, for the rest of the process; one device at a time. Made before the device.
 */
export class GpuCounter {
  private counts = nothing();
  private readonly alive = new Set<GPUBuffer>();
  private bytes = 0;

  constructor(ort: Ort) {
    this.calls((ort.InferenceSession as unknown as { prototype: object }).prototype, 'run', 'runs');
    this.calls(prototypeOf('GPUComputePassEncoder'), 'dispatchWorkgroups', 'dispatches');
    this.calls(prototypeOf('GPUComputePassEncoder'), 'dispatchWorkgroupsIndirect', 'dispatches');
    this.calls(prototypeOf('GPUCommandEncoder'), 'beginComputePass', 'passes');
    this.calls(prototypeOf('GPUCommandEncoder'), 'clearBuffer', 'clears');
    this.calls(prototypeOf('GPUQueue'), 'submit', 'submits');
    this.calls(prototypeOf('GPUQueue'), 'writeBuffer', 'uploads');
    this.calls(
      prototypeOf('GPUBuffer'),
      'mapAsync',
      'readbacks',
      (mode) => mode === GPUMapMode.READ,
    );
    this.calls(
      prototypeOf('GPUDevice'),
      'createBuffer',
      'uploads',
      (descriptor) => (descriptor as GPUBufferDescriptor).mappedAtCreation === true,
    );
    this.buffers();
  }

  /** What `task` asks for. */
  async of(task: () => Promise<unknown>): Promise<Counts> {
    this.counts = { ...nothing(), peakBytes: this.bytes };
    await task();
    return { ...this.counts };
  }

  /** Counts calls of a method; those with a first argument that `counts`, if it is given. */
  private calls(
    prototype: object,
    method: string,
    count: keyof Counts,
    counts: (argument: unknown) => boolean = () => true,
  ): void {
    const tally = (argument: unknown): void => {
      if (counts(argument)) this.counts[count]++;
    };
    replace(
      prototype,
      method,
      (original) =>
        function (...args) {
          tally(args[0]);
          return original.apply(this, args);
        },
    );
  }

  private buffers(): void {
    const made = (buffer: GPUBuffer): GPUBuffer => {
      this.alive.add(buffer);
      this.bytes += buffer.size;
      this.counts.buffers++;
      this.counts.peakBytes = Math.max(this.counts.peakBytes, this.bytes);
      return buffer;
    };
    const gone = (buffer: GPUBuffer): void => {
      if (this.alive.delete(buffer)) this.bytes -= buffer.size;
    };
    const allGone = (): void => {
      this.alive.clear();
      this.bytes = 0;
    };
    replace(
      prototypeOf('GPUDevice'),
      'createBuffer',
      (original) =>
        function (...args) {
          return made(original.apply(this, args) as GPUBuffer);
        },
    );
    replace(
      prototypeOf('GPUBuffer'),
      'destroy',
      (original) =>
        function (...args) {
          gone(this as GPUBuffer);
          return original.apply(this, args);
        },
    );
    replace(
      prototypeOf('GPUDevice'),
      'destroy',
      (original) =>
        function (...args) {
          allGone();
          return original.apply(this, args);
        },
    );
  }
}

/**
 * For the rest of the process, every number that is read back is 1. On a device that computes
 * nothing it would be whatever lay there, and no logarithm likes that.
 */
export function onesRead(): void {
  replace(
    prototypeOf('GPUBuffer'),
    'getMappedRange',
    (original) =>
      function (...args) {
        const range = original.apply(this, args) as ArrayBuffer;
        if ((this as GPUBuffer).usage & GPUBufferUsage.MAP_READ)
          new Float32Array(range, 0, range.byteLength >> 2).fill(1);
        return range;
      },
  );
}
