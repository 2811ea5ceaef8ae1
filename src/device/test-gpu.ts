/** The device for tests: whatever Dawn finds, else Chromium's software adapter, else none (the tests skip and say so). */
import { existsSync } from 'node:fs';
import { dawn } from './dawn.node.ts';
import { openGpu, type Gpu } from './gpu.ts';

const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** A device, or null where there is no adapter at all. */
export async function testGpu(): Promise<Gpu | null> {
  if (!process.env.VK_ICD_FILENAMES && existsSync(SWIFTSHADER)) process.env.VK_ICD_FILENAMES = SWIFTSHADER;
  const gpu = await openGpu(dawn()).catch(() => null);
  if (!gpu) console.warn('no WebGPU adapter on this machine: the tests that need one are skipped');
  return gpu;
}
