/**
 * Sends a file from the worker to the page as a blob, which is transferred without a copy, whatever
 * its size.
 */
import type { ModelPart } from '../onnx/write-model.ts';
import type { SavedFile } from './protocol.ts';

export const savedFile = ({ name, chunks }: ModelPart): SavedFile => ({
  name,
  content: new Blob(chunks as Uint8Array<ArrayBuffer>[]),
});
