/**
 * A device that computes nothing, with the least limits that WebGPU allows: Dawn's null backend.
 * What is asked of a device can be counted on it, and whether that keeps to the limits shows (Dawn
 * checks as it does before a real one); every number read from it is without meaning.
 */
import { dawn } from './dawn.node.ts';
import { openGpu, type Gpu } from './gpu.ts';

let started: GPU | null = null;

/** A device of its own at every call. */
export const nullGpu = (): Promise<Gpu> => openGpu((started ??= dawn(['backend=null'])));
