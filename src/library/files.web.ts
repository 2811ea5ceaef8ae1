/** Models in a browser: picked or dropped files, and the model in the package. */
import { defined } from '../checked.ts';
import { AtlasError } from '../errors.ts';
import { bundledFrom, fetchChunks } from '../model/bundled-files.ts';
import type { ModelFiles } from '../model/files.ts';
import { filesFromPicker, pickedFiles } from '../model/picked-files.ts';
import { atlas3m } from './bundled.ts';

/**
 * Files of an `<input type="file">`, with or without `webkitdirectory`. Files are read locally and
 * never uploaded. Throws `bad-argument`.
 */
export function modelFiles(list: Iterable<File>): ModelFiles {
  const given = list as Iterable<File> | null | undefined;
  if (typeof given?.[Symbol.iterator] !== 'function')
    throw new AtlasError('bad-argument', { at: 'list', why: 'it is no list of files' });
  return pickedFiles(filesFromPicker(list));
}

/** One `new URL(literal, import.meta.url)` each: bundlers copy only files in this form. */
const bundled = new Map([
  ['config.json', new URL('../../public/models/atlas-3m/config.json', import.meta.url)],
  [
    'generation_config.json',
    new URL('../../public/models/atlas-3m/generation_config.json', import.meta.url),
  ],
  [
    'onnx/model_q4.onnx',
    new URL('../../public/models/atlas-3m/onnx/model_q4.onnx', import.meta.url),
  ],
  [
    'special_tokens_map.json',
    new URL('../../public/models/atlas-3m/special_tokens_map.json', import.meta.url),
  ],
  ['tokenizer.json', new URL('../../public/models/atlas-3m/tokenizer.json', import.meta.url)],
  [
    'tokenizer_config.json',
    new URL('../../public/models/atlas-3m/tokenizer_config.json', import.meta.url),
  ],
]);

/** Atlas 3.5M, a 4-bit decoder of 4.0 MB (CC0), for experiments and tests. */
export const bundledModel = (): ModelFiles =>
  bundledFrom(atlas3m, (path) => fetchChunks(defined(bundled.get(path)), path));
