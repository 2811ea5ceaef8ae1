/**
 * Opens the WebGPU device: chooses the adapter, sets the limits, and detects a lost device.
 *
 * The device is created here and passed to ONNX Runtime, so that its work and our kernels share one
 * queue.
 */
import { elementAt } from '../checked.ts';
import { AtlasError } from '../errors.ts';

export interface Gpu {
  device: GPUDevice;
  /** Display name: the adapter's description, or vendor and architecture. */
  name: string;
  /** The adapter computes on the CPU (SwiftShader, llvmpipe, WARP). WASM is faster then. */
  software: boolean;
  /**
   * Whether the device is lost. Work on a lost device fails before the browser reports the loss, so
   * after a failure this waits up to 500 ms for the report.
   */
  lost: () => Promise<boolean>;
  /**
   * Adds a user. All users share one device, because each device costs a runtime context and a copy
   * of its data.
   */
  retain(): void;
  /** Removes a user. The last one destroys the device. */
  release(): void;
}

/** Limits that decide how large a model fits. All are raised to the adapter's maximum. */
const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupsPerDimension',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
] as const;

/** How long to wait for the report of a lost device, in ms. */
const NEWS = 500;

/** The first error of each device. */
const refusals = new WeakMap<GPUDevice, string>();

/**
 * The first uncaptured error of a device (out of memory, a command beyond its limits), or null.
 * WebGPU drops such work silently, so later reads return invalid data.
 */
export const refusalOf = (device: GPUDevice): string | null => refusals.get(device) ?? null;

/** True if the adapter is known to compute on the CPU. */
export function isSoftware(info: GPUAdapterInfo): boolean {
  const words = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`;
  return (
    info.isFallbackAdapter === true ||
    /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b/i.test(words)
  );
}

/**
 * Opens a device on the most capable adapter, without optional features: `subgroups` makes fused
 * attention silently wrong on SwiftShader, and nothing here needs `shader-f16`. Throws AtlasError
 * `no-webgpu` if there is no adapter, or if the adapter returns no device.
 */
export async function openGpu(gpu: GPU | undefined): Promise<Gpu> {
  const adapter = await gpu
    ?.requestAdapter({ powerPreference: 'high-performance' })
    .catch(() => null);
  if (!adapter) throw new AtlasError('no-webgpu');
  const requiredLimits: Record<string, number> = {};
  for (const limit of LIMITS) requiredLimits[limit] = adapter.limits[limit];
  const device = await adapter.requestDevice({ requiredLimits }).catch((cause: unknown) => {
    throw new AtlasError('no-webgpu', {}, { cause });
  });
  device.addEventListener('uncapturederror', ({ error }) => {
    if (!refusals.has(device))
      refusals.set(
        device,
        elementAt(error.message.split('\n'), 0).slice(0, 200) || 'out of memory',
      );
  });
  const { vendor, architecture, description } = adapter.info;
  let users = 0;
  return {
    device,
    name: description || [vendor, architecture].filter(Boolean).join(' ') || 'GPU',
    software: isSoftware(adapter.info),
    lost: () =>
      Promise.race([
        device.lost.then(() => true),
        new Promise<boolean>((resolve) => {
          setTimeout(() => resolve(false), NEWS);
        }),
      ]),
    retain: () => {
      users++;
    },
    release: () => {
      users--;
      if (users === 0) device.destroy();
    },
  };
}
