/**
 * Counts WebGPU calls of a program by wrapping methods of the device, queue, encoders and buffers.
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
  /** Calls of `clearBuffer`. */
  clears: number;
  submits: number;
  /** Calls of `mapAsync` for reading. Each waits for the GPU. */
  readbacks: number;
  /**
   * Calls of `writeBuffer`, and buffers mapped at creation. The runtime uploads the parameters of
   * each of its dispatches that way.
   */
  uploads: number;
  /** Buffers created. The runtime reuses its own buffers and clears each before reuse. */
  buffers: number;
  /** Peak bytes of all live buffers, including the model's weights. */
  peakBytes: number;
}

type Method = (this: object, ...args: never[]) => unknown;

/** Replaces a method of a prototype by `around(original)`. */
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

/** Counts until the process ends, on one device at a time. Construct it before the device. */
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

  /** Returns the counts of `task`. */
  async of(task: () => Promise<unknown>): Promise<Counts> {
    this.counts = { ...nothing(), peakBytes: this.bytes };
    await task();
    return { ...this.counts };
  }

  /** Counts calls of a method. With `counts`, only those whose first argument it accepts. */
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
 * Makes every number that is read back 1 until the process ends. A device that computes nothing
 * returns arbitrary bytes, which would give invalid logarithms.
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
