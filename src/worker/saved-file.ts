/**
 * A file that was made, on its way out of the engine's thread: as a blob, which is handed over and
 * not copied, whatever its size.
 */
import type { ModelPart } from '../onnx/write-model.ts';
import type { SavedFile } from './protocol.ts';

export const savedFile = ({ name, chunks }: ModelPart): SavedFile => ({
  name,
  content: new Blob(chunks as Uint8Array<ArrayBuffer>[]),
});
