/**
 * The device for tests: a real adapter if Dawn finds one, else Chromium's software adapter, else
 * none. Without one, the tests skip and say so.
 */
import { existsSync } from 'node:fs';
import { dawn } from './dawn.node.ts';
import { openGpu, type Gpu } from './gpu.ts';

/** Driver manifest of Chromium's software adapter, for Vulkan's loader. */
export const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** Chosen once per process: the machine's drivers, or Chromium's alone. */
let chosen: Promise<Gpu | null> | null = null;

/** Opens a device, or returns null without an adapter. */
export async function testGpu(): Promise<Gpu | null> {
  if (chosen) {
    await chosen;
    return open();
  }
  const gpu = await (chosen = preferReal([open, swiftShader]));
  if (!gpu) console.warn('no WebGPU adapter on this machine: the tests that need one are skipped');
  return gpu;
}

/**
 * The first real adapter. If all are software, the last one found; null if there is none. Destroys
 * the devices of the others.
 */
export async function preferReal(
  looks: readonly (() => Promise<Gpu | null>)[],
): Promise<Gpu | null> {
  let best: Gpu | null = null;
  for (const look of looks) {
    const found = await look();
    if (!found) continue;
    best?.device.destroy();
    best = found;
    if (!found.software) break;
  }
  return best;
}

const open = (): Promise<Gpu | null> => openGpu(dawn()).catch(() => null);

/**
 * Opens Chromium's software adapter. Dawn looks for drivers when it starts, so it is started again.
 * A VK_ICD_FILENAMES that is already set takes precedence.
 */
async function swiftShader(): Promise<Gpu | null> {
  if (process.env.VK_ICD_FILENAMES || !existsSync(SWIFTSHADER)) return null;
  process.env.VK_ICD_FILENAMES = SWIFTSHADER;
  dawn([]);
  return open();
}
