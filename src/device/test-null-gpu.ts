/**
 * A device that computes nothing, with the least limits that WebGPU allows: Dawn's null backend. What is asked of a device can be counted
 * on it, and whether that keeps to the limits shows (Dawn checks as it does before a real one); every number read from it is without meaning.
 */
import { create } from 'webgpu';
import { dawn } from './dawn.node.ts';
import { openGpu, type Gpu } from './gpu.ts';

export function nullGpu(): Promise<Gpu> {
  // For what it puts into Node: the constants, and the cures of its two warts.
  dawn();
  const gpu = create(['backend=null']);
  // The runtime asks for an adapter here before it takes the device that it is given.
  Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  return openGpu(gpu);
}
