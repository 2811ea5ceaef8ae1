/**
 * Graphs in folders, from every source: which config and tokenizer belong to which graph, and that
 * the files of two models never mix. Also Git LFS pointers in place of files.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defined, elementAt } from '../checked.ts';
import { startMirror, type Mirror } from '../../test/hub-mirror.ts';
import { tinyDecoder, tinyDecoderGraph } from '../../test/tiny-decoder.ts';
import type { AtlasError } from '../errors.ts';
import { type ErrorCode } from '../errors.ts';
import { readPeftConfig } from '../adapters/peft-config.ts';
import { writeModel } from '../onnx/write-model.ts';
import { companionFilesOf, modelFilesOf } from './companion-files.ts';
import { nodeFiles } from './node-files.ts';
import { pickedFiles } from './picked-files.ts';
import { hubListing, variantsOf } from './remote/hub.ts';
import { parseReference } from './remote/reference.ts';
import { remoteFiles } from './remote/remote-files.ts';
import { openModel, type OpenModel } from './repository.ts';
import { readSafetensors } from './safetensors.ts';
import { passagesOf } from './text.ts';

const code = (expected: ErrorCode) => expect.objectContaining({ code: expected }) as AtlasError;
const file = (path: string) => ({ path });

describe('the companion files of a graph', () => {
  const companions = (graph: string, ...paths: string[]) =>
    [...companionFilesOf(paths.map(file), graph)].map(([name, f]) => `${name} ${f.path}`);

  test('are in its own folder, otherwise in the nearest above', () => {
    expect(
      companions(
        'a/b/model.onnx',
        'config.json',
        'a/config.json',
        'a/b/config.json',
        'tokenizer.json',
        'c/tokenizer.json',
      ),
    ).toEqual(['config.json a/b/config.json', 'tokenizer.json tokenizer.json']);
    expect(companions('a/model.onnx', 'b/tokenizer.json', 'b/config.json')).toEqual([]);
    expect(companions('model.onnx', 'onnx/tokenizer.json', 'tokenizer.json')).toEqual([
      'tokenizer.json tokenizer.json',
    ]);
  });

  test('come from one folder, so a tokenizer has its own settings', () => {
    expect(
      companions(
        'a/model.onnx',
        'tokenizer.json',
        'tokenizer_config.json',
        'a/tokenizer.json',
        'special_tokens_map.json',
      ),
    ).toEqual(['tokenizer.json a/tokenizer.json']);
    expect(
      companions(
        'a/model.onnx',
        'tokenizer.json',
        'tokenizer_config.json',
        'a/tokenizer_config.json',
        'a/chat_template.jinja',
      ),
    ).toEqual(['tokenizer.json tokenizer.json', 'tokenizer_config.json tokenizer_config.json']);
  });

  test('exclude the files of a repository that no model needs', () => {
    const paths = [
      'README.md',
      'config.json',
      'a/x/model.onnx',
      'a/x/model.onnx.data',
      'a/tokenizer.json',
      'a/notes.txt',
      'checkpoints/1/config.json',
      'genai_config.json',
    ];
    expect(modelFilesOf(paths.map(file)).map((f) => f.path)).toEqual([
      'config.json',
      'a/x/model.onnx',
      'a/x/model.onnx.data',
      'a/tokenizer.json',
      'genai_config.json',
    ]);
  });
});

/** The bundled model's tokenizer. The number of trailing spaces identifies a copy. */
const bundled = readFileSync(
  resolve(import.meta.dirname, '../../public/models/atlas-3m/tokenizer.json'),
  'utf8',
).trim();
const tokenizer = (spaces: number) => bundled + ' '.repeat(spaces);
const config = (modelType: string) => JSON.stringify({ model_type: modelType });
const graphs = { int4: tinyDecoder({ seed: 1 }), cuda: tinyDecoder({ seed: 2 }) };
const INT4 = 'cpu_and_mobile/cpu-int4-rtn-block-32/model.onnx';
const CUDA = 'cuda/model.onnx';
const contents: Record<string, string | Uint8Array> = {
  '.gitattributes': '*.onnx filter=lfs',
  'config.json': config('root'),
  'tokenizer.json': tokenizer(1),
  'README.md': 'words',
  [INT4]: graphs.int4,
  'cpu_and_mobile/cpu-int4-rtn-block-32/genai_config.json': '{}',
  'cpu_and_mobile/cpu-int4-rtn-block-32/tokenizer.json': tokenizer(2),
  'cpu_and_mobile/cpu-int4-rtn-block-32/config.json': config('int4'),
  [CUDA]: graphs.cuda,
  'cuda/genai_config.json': '{}',
};
const root = mkdtempSync(join(tmpdir(), 'rank-atlas-folders-'));
const one = join(root, 'one');
const two = join(root, 'two');
const three = join(root, 'three');
let mirror: Mirror;
beforeAll(async () => {
  for (const [path, content] of Object.entries(contents)) {
    for (const folder of path.startsWith('cuda') ? [two] : [one, two]) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
  }
  mkdirSync(join(three, 'a'), { recursive: true });
  const apart = {
    'config.json': config('root'),
    'a/model.onnx': graphs.int4,
    'a/tokenizer.json': tokenizer(3),
    'a/tokenizer_config.json': '{}',
  };
  for (const [path, content] of Object.entries(apart)) writeFileSync(join(three, path), content);
  mirror = await startMirror({ 'micro/one': one, 'micro/two': two, 'micro/three': three });
});
afterAll(async () => {
  await mirror.close();
  rmSync(root, { recursive: true });
});

const remote = async (name: string, hub = mirror.url) =>
  remoteFiles(defined(parseReference(name, hub)), { hub, store: null, patience: 0.01 });
const picked = (graph?: string) =>
  pickedFiles(
    Object.entries(contents).map(([path, content]) => ({
      path: `two/${path}`,
      file: new File([content as BlobPart], path),
    })),
    graph,
  );
/** Identifies the tokenizer and config that belong to the graph. */
async function factsOf(model: OpenModel) {
  await model.tokenizer();
  return [
    model.config?.modelType,
    ...model.companionFiles.map(({ path, bytes }) =>
      path === 'tokenizer.json' ? bytes - Buffer.byteLength(bundled) : path,
    ),
  ];
}
const INT4_TOLD = ['int4', 'config.json', 2];
const CUDA_TOLD = ['root', 'config.json', 1];

describe('a repository with graphs in folders', () => {
  test.each([
    ['on a hub, by id', () => remote('micro/one')],
    ['on disk', () => nodeFiles(one)],
  ])('%s: the only graph is opened', async (_, files) => {
    const model = await openModel(await files());
    expect(model.graph).toEqual(graphs.int4);
    expect(await factsOf(model)).toEqual(INT4_TOLD);
  });

  test.each([
    ['on a hub, by id', () => remote('micro/two')],
    ['on disk', () => nodeFiles(two)],
    ['dropped', async () => picked()],
  ])('%s: several graphs are refused with a list', async (_, files) => {
    await expect(openModel(await files())).rejects.toThrow(
      `two contains several graphs: ${INT4}, ${CUDA}. Name one of them`,
    );
  });

  test.each([
    ['on a hub, by id', (graph: string) => remote(`micro/two:${graph}`)],
    [
      'on a hub, by address',
      (graph: string) => remote(`${mirror.url}/micro/two/resolve/main/${graph}`),
    ],
    [
      'on another server, by address',
      (graph: string) =>
        remote(`${mirror.url}/micro/two/resolve/main/${graph}`, 'https://hub.example'),
    ],
    ['on disk', (graph: string) => nodeFiles(join(two, graph))],
    ['dropped', async (graph: string) => picked(graph)],
  ])(
    '%s: the named graph is opened, with companion files from its folder or above',
    async (_, files) => {
      const int4 = await openModel(await files(INT4));
      const cuda = await openModel(await files(CUDA));
      expect([int4.graph, cuda.graph]).toEqual([graphs.int4, graphs.cuda]);
      expect(await factsOf(int4)).toEqual(INT4_TOLD);
      expect(await factsOf(cuda)).toEqual(CUDA_TOLD);
    },
  );

  test('opened by address, a graph with its own tokenizer finds the config above it', async () => {
    const model = await openModel(
      await remote(`${mirror.url}/micro/three/resolve/main/a/model.onnx`, 'https://hub.example'),
    );
    expect(model.companionFiles.map((f) => f.path)).toEqual([
      'config.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    expect(model.config?.modelType).toBe('root');
  });

  test('lists each graph', async () => {
    const { files } = await hubListing(
      { kind: 'hub', repository: 'micro/two', revision: 'main' },
      { hub: mirror.url, store: null },
    );
    expect((await variantsOf(files, null)).map((v) => v.graph).sort()).toEqual([INT4, CUDA]);
    expect(files.map((f) => f.path)).not.toContain('README.md');
  });

  test('a graph on disk outside of a repository uses only its own folder', async () => {
    const alone = join(root, 'alone');
    mkdirSync(join(alone, 'deep'), { recursive: true });
    writeFileSync(join(alone, 'tokenizer.json'), tokenizer(3));
    writeFileSync(join(alone, 'deep', 'model.onnx'), graphs.int4);
    await expect(
      (await openModel(await nodeFiles(join(alone, 'deep', 'model.onnx')))).tokenizer(),
    ).rejects.toThrow(code('part-missing'));
  });
});

describe('a Git LFS pointer is refused as such', () => {
  const pointer =
    'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n';
  const bytes = new TextEncoder().encode(pointer);
  const message = /is a Git LFS pointer.*Run "git lfs pull"/;
  const model = (change: Record<string, string | Uint8Array>) => {
    const files = Object.entries({
      'config.json': config('llama'),
      'tokenizer.json': tokenizer(4),
      'model.onnx': graphs.int4,
      ...change,
    });
    return pickedFiles(
      files.map(([path, content]) => ({
        path: `m/${path}`,
        file: new File([content as BlobPart], path),
      })),
    );
  };

  test.each(['model.onnx', 'config.json'])('%s', async (name) => {
    await expect(openModel(model({ [name]: pointer }))).rejects.toThrow(code('lfs-pointer'));
    await expect(openModel(model({ [name]: pointer }))).rejects.toThrow(message);
  });

  test('as tokenizer.json, at its first use', async () => {
    await expect(
      (await openModel(model({ 'tokenizer.json': pointer }))).tokenizer(),
    ).rejects.toThrow(message);
  });

  test('as a file of weights', async () => {
    const [graph] = writeModel(tinyDecoderGraph(), 'model.onnx', { limit: 0 });
    await expect(
      openModel(
        model({ 'model.onnx': elementAt(defined(graph).chunks, 0), 'model.onnx_data': pointer }),
      ),
    ).rejects.toThrow(message);
  });

  test('as an adapter, a text or any safetensors file', () => {
    expect(() => readPeftConfig(bytes)).toThrow(code('lfs-pointer'));
    expect(() => readSafetensors(bytes, 'adapter_model.safetensors')).toThrow(message);
    expect(() => passagesOf(pointer)).toThrow(code('lfs-pointer'));
  });
});
