import { expect, test } from 'vitest';
import { parseSpec } from '../experiment/schema.ts';
import { filesFromDrop, pickedFiles } from './picked-files.ts';

/**
 * The browser's entry objects, which Node lacks. Folders return two entries at a time, then none.
 */
const file = (path: string) => ({
  isDirectory: false,
  fullPath: path,
  file: (done: (f: File) => void) => done(new File(['x'], path)),
});
const folder = (path: string, children: object[]) => ({
  isDirectory: true,
  fullPath: path,
  createReader: () => {
    const left = [...children];
    return { readEntries: (done: (some: object[]) => void) => done(left.splice(0, 2)) };
  },
});
const drop = (...entries: (object | null)[]) =>
  filesFromDrop(
    entries.map((entry) => ({ webkitGetAsEntry: () => entry }) as unknown as DataTransferItem),
  );

test('all files of dropped folders are listed, without dragged text', async () => {
  const found = await drop(
    folder('/m', [file('/m/a'), file('/m/b'), folder('/m/onnx', [file('/m/onnx/c')])]),
    null,
    file('/d'),
  );
  expect(found.map((f) => f.path).sort()).toEqual(['d', 'm/a', 'm/b', 'm/onnx/c']);
});

test('a whole disk is refused', async () => {
  const endless = (path: string): object =>
    folder(
      path,
      Array.from({ length: 60 }, (_, i) =>
        i < 58
          ? file(`${path}/${i}`)
          : {
              ...folder('', []),
              get createReader() {
                return (endless(`${path}/${i}`) as { createReader(): object }).createReader;
              },
            },
      ),
    );
  await expect(drop(endless('/home'))).rejects.toThrow(
    "The folder contains more than 2000 files. Choose the model's own folder.",
  );
});

test('invisible and bidirectional characters in a folder’s name are replaced', () => {
  const { id, title } = pickedFiles([
    { path: 'gem\u202ema\u200b/model.onnx', file: new File([], 'model.onnx') },
  ]);
  expect([id, title]).toEqual(['files:gem\ufffdma\ufffd', 'gem\ufffdma\ufffd']);
  expect(parseSpec({ model: { id } }).model.id).toBe(id);
});
