/**
 * The device for tests: a real adapter where Dawn finds one, else Chromium's software adapter, else
 * none (the tests skip and say so).
 */
import { existsSync } from 'node:fs';
import { dawn } from './dawn.node.ts';
import { openGpu, type Gpu } from './gpu.ts';

/** Chromium's software adapter, as Vulkan's loader is told of it. */
export const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** Once for the process: with the drivers of the machine, or with Chromium's alone. */
let chosen: Promise<Gpu | null> | null = null;

/** A device, or null where there is no adapter at all. */
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
 * The first real adapter; where all are software, or none, the last one there is. The others are
 * let go of.
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
 * Dawn looks for drivers when it is started: again, and at this one alone. Who named one already is
 * obeyed.
 */
async function swiftShader(): Promise<Gpu | null> {
  if (process.env.VK_ICD_FILENAMES || !existsSync(SWIFTSHADER)) return null;
  process.env.VK_ICD_FILENAMES = SWIFTSHADER;
  dawn([]);
  return open();
}
