/**
 * Every piece reads all its inputs: the runtime's WebGPU provider would copy an unused input to the
 * CPU at each run.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { elementAt } from '../checked.ts';
import { readModel } from '../../test/pipeline.ts';
import { quantisedDecoder, type Form } from '../../test/quantised-forms.ts';
import { fixturePath } from '../../test/fixtures.ts';
import { tinyDecoder } from '../../test/tiny-decoder.ts';
import { AtlasError } from '../errors.ts';
import { readGraph } from '../onnx/read.ts';
import { writeGraph } from '../onnx/write.ts';
import type { BlockVariant, CompiledModel, DecodePart, HeadVariant, Piece } from './compiled.ts';
import { compile } from './index.ts';

vi.setConfig({ testTimeout: 60_000 });

const BLOCK: readonly BlockVariant[] = [
  'plain',
  'tapped',
  'opened',
  'adapted',
  'backward',
  'observed',
  'adaptedBackward',
  'saved',
  'savedBackward',
  'adapterBackward',
];
const HEAD: readonly HeadVariant[] = ['logits', 'norm', 'normBackward'];
const DECODE: readonly DecodePart[] = [
  'embedding',
  'norm',
  { layer: 0, adapted: false },
  { layer: 0, adapted: true },
];

/** Names of inputs that no node reads. */
async function unread({ model, inputs, weights }: Piece): Promise<string[]> {
  const graph = await readGraph(model, { file: 'piece' });
  const read = new Set(graph.nodes.flatMap((n) => n.inputs));
  expect(graph.inputs.map((i) => i.name).sort()).toEqual([...inputs, ...weights.keys()].sort());
  return graph.inputs.map((i) => i.name).filter((name) => !read.has(name));
}

/** Some exports run but cannot generate. */
function unlessRefused(error: unknown): null {
  if (error instanceof AtlasError && error.code === 'operator') return null;
  throw error;
}

/** Every kind of piece, by name. */
async function* piecesOf(model: CompiledModel): AsyncGenerator<[string, Piece]> {
  const layer = model.layers - 1;
  const [batch, length] = [2, 5];
  yield ['embedding', model.embedding(batch, length)];
  for (const variant of BLOCK) yield [variant, await model.block(layer, batch, length, variant)];
  const deepest = Math.max(...elementAt(model.blocks, layer).sites.map((s) => s.depth));
  for (let depth = 0; depth <= deepest + 1; depth++)
    yield [`segment ${depth}`, model.segment(layer, batch, length, depth)];
  for (const variant of HEAD) yield [variant, await model.headPiece(batch, length, variant)];
  for (const part of DECODE) {
    const piece = await model.decode(part, 1, length).catch(unlessRefused);
    if (piece) yield [`decode ${JSON.stringify(part)}`, piece];
  }
}

async function expectAllRead(model: CompiledModel): Promise<void> {
  for await (const [name, piece] of piecesOf(model))
    expect([name, await unread(piece)]).toEqual([name, []]);
}

test.each(['float32', 'q4'] as const)(
  'every declared input is read: the tiny decoder, %s',
  async (weights) => {
    await expectAllRead(compile(await readGraph(tinyDecoder({ weights }), { file: 'tiny' })));
  },
);

const forms: Form[] = [
  { op: 'nbits', bits: 4, block: 16, zeros: 'codes', order: 'shuffled' },
  { op: 'nbits', bits: 8, block: 16, zeros: 'floats', order: 'none' },
  { op: 'linear', type: 'int8', axis: 0, block: 16, zeros: true },
];
test.each(forms)('every declared input is read: the tiny decoder, $op $type', async (form) => {
  const { quantised } = quantisedDecoder(form);
  await expectAllRead(compile(await readGraph(writeGraph(quantised), { file: 'tiny' })));
});

test('every declared input is read: the bundled model', async () => {
  const file = fileURLToPath(
    new URL('../../public/models/atlas-3m/onnx/model_q4.onnx', import.meta.url),
  );
  await expectAllRead(compile(await readModel(file)));
});

describe('every declared input is read', () => {
  const manifest = readFileSync(fixturePath('exports', 'manifest.json'), 'utf8');
  const files = (JSON.parse(manifest) as { files: { file: string }[] }).files.map((f) => f.file);
  test.each(files)('%s', async (file) => {
    await expectAllRead(compile(await readModel(fixturePath('exports', file))));
  });
});
