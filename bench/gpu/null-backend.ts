/**
 * To be imported before a stage: its process finds Dawn's null backend, which computes nothing, in
 * place of a GPU. Every number read is 1.
 */
import { dawn } from '../../src/device/dawn.node.ts';
import { onesRead } from '../counts/gpu.ts';

dawn(['backend=null']);
onesRead();
