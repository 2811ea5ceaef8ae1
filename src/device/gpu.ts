/**
 * The WebGPU device: which adapter, which limits, what happens when it is lost.
 *
 * The device is made here and given to the runtime, so that its work and our kernels share one
 * queue.
 */
import { elementAt } from '../checked.ts';
import { AtlasError } from '../errors.ts';

export interface Gpu {
  device: GPUDevice;
  /** Name for people: vendor and architecture or description. */
  name: string;
  /** The adapter computes on the CPU (SwiftShader, llvmpipe, WARP): WASM is faster then. */
  software: boolean;
  /**
   * Whether the device is gone. Work on it fails before the browser says so: asked after a failure,
   * this waits a moment for the news.
   */
  lost: () => Promise<boolean>;
  /**
   * Another user of the device: there is one for all, since each costs a context of the runtime and
   * a copy of what lies on it.
   */
  retain(): void;
  /** A user is done; with the last one the device is destroyed. */
  release(): void;
}

/** Limits that decide how large a model fits; all are raised to what the adapter has. */
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

/** How long the news of a lost device may take, ms. */
const NEWS = 500;

/** What a device would not do, by device. */
const refusals = new WeakMap<GPUDevice, string>();

/**
 * The first thing a device refused: memory it has not, a command beyond its limits. Such work is
 * dropped without a word, and what is read after it is not what was meant.
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
 * Opens a device on the most capable adapter. No optional feature is asked for: `subgroups` makes
 * fused attention silently wrong on SwiftShader, and nothing here needs `shader-f16`.
 * Throws AtlasError `no-webgpu` where there is no adapter or the adapter gives no device.
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
