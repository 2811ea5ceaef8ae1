/**
 * Dawn's null backend: a device that computes nothing, with the minimum limits of WebGPU. Tests
 * count requests on it and check the limits, which Dawn validates as for a real device. Numbers
 * read from it are meaningless.
 */
import { dawn } from './dawn.node.ts';
import { openGpu, type Gpu } from './gpu.ts';

let started: GPU | null = null;

/** Opens a new device at each call. */
export const nullGpu = (): Promise<Gpu> => openGpu((started ??= dawn(['backend=null'])));
