/** WebGPU in Node: Dawn, through the `webgpu` package. */
import { create, globals } from 'webgpu';

let gpu: GPU | null = null;

/**
 * All that were started: what is collected while a device of it is in use can take the process
 * down.
 */
const started: GPU[] = [];

/**
 * Node's `navigator.gpu`, put there too, with the WebGPU constants (`GPUBufferUsage` …): the
 * runtime looks where a browser has them. With `flags` Dawn is started anew, with these, and looks
 * for drivers again.
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
 * Dawn in Node refuses `writeBuffer` from shared memory, where the threaded runtime's heap lies:
 * such views are copied first.
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
    // For a typed array start and size count elements, for anything else bytes.
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
 * With nothing but Dawn's own work pending, Node 20's loop spins without ever finishing the
 * runtime's first run; one pending timer cures it. So a timer lives as long as a device: destroy
 * the device and the process can end.
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
