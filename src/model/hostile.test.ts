/**
 * Every malformed fixture that this directory reads has the outcome that its table lists.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { defined } from '../checked.ts';
import { fixturePath } from '../../test/fixtures.ts';
import { compile } from '../compiler/index.ts';
import { AtlasError } from '../errors.ts';
import { readGraph } from '../onnx/read.ts';
import { checkConfig } from './config.ts';
import { nodeFiles } from './node-files.ts';
import { openModel } from './repository.ts';
import { readSafetensors } from './safetensors.ts';
import { loadTokenizer } from './tokenizer.ts';

interface Case {
  path: string;
  kind: string;
  wrong: string;
  expect: string;
}

const folder = (path: string) => fixturePath('hostile', path);
const cases = readFileSync(folder('hostile.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Case);

/** 'accept', or 'refuse' with a sentence. Any error but an AtlasError fails the test. */
async function outcome(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'accept';
  } catch (error) {
    if (!(error instanceof AtlasError)) throw error;
    expect(error.message).not.toMatch(/undefined|\[object|NaN/);
    return 'refuse';
  }
}

function table(kind: string, run: (path: string) => unknown): void {
  const rows = cases.filter((c) => c.kind === kind);
  describe(`hostile ${kind} files`, () => {
    test('exist', () => expect(rows.length).toBeGreaterThan(0));
    test.for(rows)('$path: $wrong', async ({ path, expect: expected }) => {
      expect(expected.split(' or ')).toContain(await outcome(() => run(path)));
    });
  });
}

table('safetensors', (path) => readSafetensors(readFileSync(folder(path)), path));

table('tokenizer', async (path) => {
  const tokenizer = await loadTokenizer(readFileSync(folder(path)), path);
  // What loads must also run, on its own letters and on a text that a bad pattern could get stuck
  // on.
  tokenizer.decode(tokenizer.encode(`abc ${'a'.repeat(5000)}! __proto__ constructor <s>`));
});

table('repo', async (path) => {
  const { graph, graphFile, config } = await openModel(await nodeFiles(folder(path)));
  checkConfig(defined(config), compile(await readGraph(graph, { file: graphFile })));
});
