/** WebGPU in Node: Dawn, through the `webgpu` package. */
import { create, globals } from 'webgpu';

let gpu: GPU | null = null;

/** Holds every instance: collecting one while its device is in use can crash the process. */
const started: GPU[] = [];

/**
 * Returns Node's `navigator.gpu`. Installs it and the WebGPU constants (`GPUBufferUsage` …) where
 * ONNX Runtime expects them. With `flags`, starts a new Dawn instance, which looks for drivers
 * again.
 */
export function dawn(flags?: readonly string[]): GPU {
  if (!gpu) prepare();
  if (!gpu || flags) {
    gpu = create([...(flags ?? [])]);
    started.push(gpu);
    Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  }
  return gpu;
}

function prepare(): void {
  Object.assign(globalThis, globals);
  copySharedWrites();
  keepAwake();
  // Node has a navigator since version 21.
  if (typeof navigator === 'undefined')
    Object.defineProperty(globalThis, 'navigator', {
      value: { userAgent: 'Node.js' },
      configurable: true,
    });
}

/**
 * Copies shared memory before `writeBuffer`. Dawn in Node refuses it, and the heap of the threaded
 * runtime is shared.
 */
function copySharedWrites(): void {
  const { prototype } = (globals as { GPUQueue: { prototype: GPUQueue } }).GPUQueue;
  const write = prototype.writeBuffer as (this: GPUQueue, ...args: unknown[]) => undefined;
  // eslint-disable-next-line @typescript-eslint/max-params -- the platform's function
  prototype.writeBuffer = function (
    this: GPUQueue,
    buffer: GPUBuffer,
    offset: number,
    data: GPUAllowSharedBufferSource,
    start = 0,
    size?: number,
  ): undefined {
    const memory = ArrayBuffer.isView(data) ? data.buffer : data;
    if (!(memory instanceof SharedArrayBuffer))
      return size === undefined
        ? write.call(this, buffer, offset, data, start)
        : write.call(this, buffer, offset, data, start, size);
    // Start and size count elements for a typed array, and bytes otherwise.
    const unit =
      ArrayBuffer.isView(data) && 'BYTES_PER_ELEMENT' in data
        ? (data as Uint8Array).BYTES_PER_ELEMENT
        : 1;
    const begin = (ArrayBuffer.isView(data) ? data.byteOffset : 0) + start * unit;
    const end =
      size === undefined
        ? (ArrayBuffer.isView(data) ? data.byteOffset : 0) + data.byteLength
        : begin + size * unit;
    const copy = new Uint8Array(end - begin);
    copy.set(new Uint8Array(memory, begin, end - begin));
    return write.call(this, buffer, offset, copy);
  } as GPUQueue['writeBuffer'];
}

/**
 * Holds a timer open while a device lives. If only Dawn's own work is pending, the event loop of
 * Node 20 spins and the runtime's first run never finishes. Destroy the device to let the process
 * exit.
 */
function keepAwake(): void {
  const { prototype } = (globals as { GPUAdapter: { prototype: GPUAdapter } }).GPUAdapter;
  const request = prototype.requestDevice;
  prototype.requestDevice = async function (
    this: GPUAdapter,
    descriptor?: GPUDeviceDescriptor,
  ): Promise<GPUDevice> {
    const device = await request.call(this, descriptor);
    const timer = setInterval(() => undefined, 2 ** 30);
    void device.lost.then(() => clearInterval(timer));
    return device;
  };
}
