/**
 * Import this before a stage. Its process then uses Dawn's null backend, which computes nothing,
 * instead of a GPU. Every number read is 1.
 */
import { dawn } from '../../src/device/dawn.node.ts';
import { onesRead } from '../counts/gpu.ts';

dawn(['backend=null']);
onesRead();
