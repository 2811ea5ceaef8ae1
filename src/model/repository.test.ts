import { createHash } from 'node:crypto';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defined, elementAt } from '../checked.ts';
import { fixturePath } from '../../test/fixtures.ts';
import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from '../onnx/gen/onnx_pb.ts';
import type { ModelFiles } from './files.ts';
import { READ_LIMITS } from './limits.ts';
import { nodeFiles } from './node-files.ts';
import { filesFromPicker, pickedFiles } from './picked-files.ts';
import { openModel } from './repository.ts';

const text = (s: string) => new TextEncoder().encode(s);

/** Files in memory, in pieces of five bytes. */
function files(
  contents: Record<string, Uint8Array | string>,
  more: Partial<ModelFiles> = {},
): ModelFiles {
  return {
    id: 'files:m',
    title: 'm',
    ...more,
    files: Object.entries(contents).map(([path, content]) => {
      const bytes = typeof content === 'string' ? text(content) : content;
      return {
        path,
        bytes: bytes.length,
        async *chunks() {
          for (let at = 0; at < bytes.length; at += 5) yield bytes.subarray(at, at + 5);
        },
      };
    }),
  };
}

/** A graph with its weights in these files. */
const graph = (...locations: string[]) =>
  toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      graph: {
        initializer: locations.map((value, i) => ({
          name: `w${i}`,
          dataLocation: 1,
          externalData: [{ key: 'location', value }],
        })),
      },
    }),
  );

describe('the graph of a repository', () => {
  const pick = async (paths: string[], dtype?: string, more?: Partial<ModelFiles>) =>
    new TextDecoder().decode(
      (
        await openModel(
          files(
            Object.fromEntries(
              paths.map((p) => [p, p === 'config.json' || p === 'genai_config.json' ? '{}' : p]),
            ),
            more,
          ),
          dtype === undefined ? {} : { dtype },
        )
      ).graph,
    );
  const hub = [
    'config.json',
    'onnx/model.onnx',
    'onnx/model_fp16.onnx',
    'onnx/model_q4f16.onnx',
    'onnx/model_q4.onnx',
    'onnx/model_q4_b64.onnx',
  ];

  test('is q4 by default, or the requested type', async () => {
    expect(await pick(hub)).toBe('onnx/model_q4.onnx');
    expect(await pick(hub, 'fp16')).toBe('onnx/model_fp16.onnx');
    expect(await pick(hub, 'fp32')).toBe('onnx/model.onnx');
    expect(await pick(hub, 'q4_b64')).toBe('onnx/model_q4_b64.onnx');
    expect(await pick(hub.slice(0, 3))).toBe('onnx/model_fp16.onnx');
    await expect(pick(hub, 'bnb4')).rejects.toThrow(
      'm needs onnx/model_bnb4.onnx, which is missing.',
    );
  });
  test('is the only one of a GenAI folder or of loose files, or the named one', async () => {
    expect(await pick(['genai_config.json', 'model.onnx', 'model.onnx.data'], 'q4')).toBe(
      'model.onnx',
    );
    expect(await pick(['model_q4.onnx', 'tokenizer.json'])).toBe('model_q4.onnx');
    expect(await pick(['my own.onnx'])).toBe('my own.onnx');
    expect(await pick(hub, undefined, { graph: 'onnx/model.onnx' })).toBe('onnx/model.onnx');
  });
  test('is, in older exports, the merged decoder, otherwise the one without a cache', async () => {
    const pair = [
      'onnx/decoder_model.onnx',
      'onnx/decoder_with_past_model.onnx',
      'onnx/decoder_model_quantized.onnx',
    ];
    expect(await pick(pair)).toBe('onnx/decoder_model.onnx');
    expect(await pick([...pair, 'onnx/decoder_model_merged.onnx'])).toBe(
      'onnx/decoder_model_merged.onnx',
    );
    expect(await pick(pair, 'quantized')).toBe('onnx/decoder_model_quantized.onnx');
  });
  test('is refused with a sentence if it is missing or ambiguous', async () => {
    await expect(pick(['config.json'])).rejects.toThrow(
      'm needs onnx/model_q4.onnx, which is missing. Provide the whole folder.',
    );
    await expect(pick(['a.onnx', 'b.onnx'])).rejects.toThrow(
      'm contains several graphs: a.onnx, b.onnx. Name one of them',
    );
  });
});

describe('an opened model', () => {
  test('includes each external file once, hashed in order of name after the graph', async () => {
    const contents = {
      'onnx/model.onnx': graph('b_data', 'a_data', 'b_data', 'absent', '../c'),
      'onnx/b_data': 'bbbbbbb',
      'onnx/a_data': 'aaa',
      c: 'outside',
    };
    const seen: [number, number][] = [];
    const model = await openModel(files(contents), {
      onProgress: (loaded, total) => seen.push([loaded, total]),
    });
    expect(
      [...model.external].map(([name, bytes]) => [name, new TextDecoder().decode(bytes)]),
    ).toEqual([
      ['a_data', 'aaa'],
      ['b_data', 'bbbbbbb'],
    ]);
    expect(model.hash).toBe(
      createHash('sha256').update(contents['onnx/model.onnx']).update('aaabbbbbbb').digest('hex'),
    );
    expect(model.bytes).toBe(contents['onnx/model.onnx'].length + 10);
    expect(seen.at(-1)).toEqual([model.bytes, model.bytes]);
    expect(model).toMatchObject({ id: 'files:m', graphFile: 'model.onnx', config: null });
  });

  test('leaves invalid graphs to the compiler', async () => {
    expect((await openModel(files({ 'x.onnx': '<html>' }))).external.size).toBe(0);
  });

  test('is refused for a bad config, no tokenizer, and a shorter or too large file', async () => {
    await expect(openModel(files({ 'x.onnx': graph(), 'config.json': '{' }))).rejects.toThrow(
      'config.json does not describe this model: it is not JSON.',
    );
    await expect((await openModel(files({ 'x.onnx': graph() }))).tokenizer()).rejects.toThrow(
      'x.onnx needs tokenizer.json, which is missing.',
    );
    const short = files({ 'x.onnx': 'abc' });
    const [file] = short.files;
    await expect(openModel({ ...short, files: [{ ...defined(file), bytes: 4 }] })).rejects.toThrow(
      'x.onnx ends too early (3 of 4 bytes)',
    );
    await expect(
      openModel({ ...short, files: [{ ...defined(file), bytes: 5e9 }] }),
    ).rejects.toThrow('This needs 5.0 GB of memory, but the limit is 4.0 GB.');
  });
});

describe('picked files', () => {
  const file = (path: string, content = '') =>
    Object.defineProperty(
      new File([content], elementAt(path.split('/'), -1)),
      'webkitRelativePath',
      {
        value: path.includes('/') ? path : '',
      },
    );
  test('name the model by their folder, without it in the paths', async () => {
    const source = pickedFiles(
      filesFromPicker([file('Smol/config.json', '{}'), file('Smol/onnx/model_q4.onnx', 'graph')]),
    );
    expect(source).toMatchObject({ id: 'files:Smol', title: 'Smol' });
    const model = await openModel(source);
    expect([new TextDecoder().decode(model.graph), model.graphFile]).toEqual([
      'graph',
      'model_q4.onnx',
    ]);
  });
  test('without a folder are named by the graph', () => {
    expect(pickedFiles(filesFromPicker([file('tokenizer.json'), file('tiny.onnx')])).id).toBe(
      'files:tiny',
    );
    expect(elementAt(pickedFiles(filesFromPicker([file('onnx/model.onnx')])).files, 0).path).toBe(
      'onnx/model.onnx',
    );
  });
});

describe('files on disk', () => {
  const root = mkdtempSync(join(tmpdir(), 'atlas-'));
  const put = (path: string, content: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  beforeAll(() => {
    put('Hub/config.json', '{}');
    put('Hub/onnx/model.onnx', 'fp32');
    put('blobs/1', 'q4');
    symlinkSync('../../blobs/1', join(root, 'Hub/onnx/model_q4.onnx')); // as in the hub's cache
    put('alone.onnx', 'alone');
  });
  afterAll(() => rmSync(root, { recursive: true }));
  const open = async (path: string) => openModel(await nodeFiles(join(root, path)));

  test('open as a folder', async () => {
    const model = await open('Hub');
    expect([new TextDecoder().decode(model.graph), model.id, model.config?.hidden]).toEqual([
      'q4',
      'files:Hub',
      null,
    ]);
  });
  test('open as a graph, with the config above it in a hub folder', async () => {
    const model = await open('Hub/onnx/model.onnx');
    expect([new TextDecoder().decode(model.graph), model.config === null]).toEqual(['fp32', false]);
    expect(new TextDecoder().decode((await open('alone.onnx')).graph)).toBe('alone');
  });
  test('are refused if they do not exist', async () => {
    await expect(open('nowhere')).rejects.toThrow(/nowhere cannot be read \(it does not exist\)/);
  });
});

describe('a real repository opens', () => {
  test.for<[string, string | undefined, string, number]>([
    ['llama', undefined, 'model_q4.onnx', 0],
    ['llama', 'fp16', 'model_fp16.onnx', 2],
    ['qwen2', 'fp32', 'model.onnx', 1],
    ['llama-genai-int4-cpu', undefined, 'model.onnx', 1],
  ])('%s %s', async ([folder, dtype, name, parts]) => {
    const model = await openModel(
      await nodeFiles(fixturePath('exports', folder)),
      dtype === undefined ? {} : { dtype },
    );
    expect([
      model.graphFile,
      model.external.size,
      model.config?.layers,
      (await model.tokenizer()).vocab,
    ]).toEqual([name, parts, 3, 512]);
    const hash = createHash('sha256').update(model.graph);
    for (const key of [...model.external.keys()].sort())
      hash.update(
        readFileSync(fixturePath('exports', folder, folder.includes('genai') ? '' : 'onnx', key)),
      );
    expect(model.hash).toBe(hash.digest('hex'));
  });
});

describe('a file at its limit is read, and above it refused', () => {
  const long = (path: string, bytes: number) => ({
    ...files({}),
    files: [
      ...files({ 'model.onnx': 'graph' }).files,
      {
        path,
        bytes,
        async *chunks() {
          yield new Uint8Array(bytes).fill(0x20);
        },
      },
    ],
  });

  test('config.json', async () => {
    await expect(openModel(long('config.json', READ_LIMITS.smallFile))).rejects.toThrow(
      expect.objectContaining({ code: 'bad-config' }),
    );
    await expect(openModel(long('config.json', READ_LIMITS.smallFile + 1))).rejects.toThrow(
      'config.json is larger than the limit of 20 MB. Check that it is the right file.',
    );
  });

  test('tokenizer.json', async () => {
    const { tokenizer } = await openModel(long('tokenizer.json', READ_LIMITS.tokenizer + 1));
    await expect(tokenizer()).rejects.toThrow('tokenizer.json is larger than the limit of 100 MB');
  });

  test('a graph', async () => {
    const {
      files: [graph],
      ...more
    } = files({ 'model.onnx': 'graph' });
    await expect(
      openModel({ ...more, files: [{ ...defined(graph), bytes: READ_LIMITS.model + 1 }] }),
    ).rejects.toThrow(expect.objectContaining({ code: 'too-large' }));
  });

  test('a file longer than listed is refused without reading on', async () => {
    let given = 0;
    const endless = {
      path: 'model.onnx',
      bytes: 1000,
      async *chunks() {
        for (; ; given++) yield new Uint8Array(100);
      },
    };
    await expect(openModel({ ...files({}), files: [endless] })).rejects.toThrow(
      'model.onnx cannot be read (it is longer than its declared 1000 bytes)',
    );
    expect(given).toBeLessThan(12);
  });
});
