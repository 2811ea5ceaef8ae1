/**
 * `npx tsx bench/generate.ts [MODEL_FOLDER] [--provider wasm|webgpu]`: measures a token with the KV
 * cache against a full forward pass per token, at several text lengths. Both use the same pieces of
 * the same export; session creation is not counted. Time is processor time of all threads, which
 * depends less on other work on the machine; on WebGPU it is wall time. Prints and writes
 * `bench/results/generate-<model>.json`.
 */
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { elementAt } from '../src/checked.ts';
import { createEngine } from '../src/engine/cut-engine.ts';
import { createHead } from '../src/engine/head/head.ts';
import { Network, shapeOf } from '../src/engine/pieces/network.ts';
import { Pieces } from '../src/engine/pieces/pieces.ts';
import { VocabularyChunks } from '../src/engine/head/vocabulary-chunks.ts';
import { likeliest } from '../src/methods/sampling.ts';
import { nodeFiles } from '../src/model/node-files.ts';
import { loadModel } from '../src/runtime/load.ts';
import { backendOf } from '../src/runtime/runtime.ts';
import { loadRuntime } from '../cli/runtime.ts';
import { provenance } from './machine.ts';
import { engineOptions, fileMark, providerName, providerOption, spentTime } from './provider.ts';
import { writeResult } from './results.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...providerOption,
    lengths: { type: 'string', default: '64,128,256' },
    tokens: { type: 'string', default: '16' },
    passes: { type: 'string', default: '5' },
    threads: { type: 'string', default: '1' },
  },
});
const path = positionals[0] ?? resolve(import.meta.dirname, '../public/models/atlas-3m');
const tokens = Number(values.tokens);
const passes = Number(values.passes);
const { compiled: model } = await loadModel(await nodeFiles(path));
const options = engineOptions(values.provider, values.threads);
const runtime = await loadRuntime(options.provider, options.threads);
// Hold the device while engines come and go.
runtime.gpu?.retain();
const textOf = (length: number) =>
  Int32Array.from({ length }, (_, i) => (i * i * 7 + 3) % model.vocab);

/**
 * Time of a task in milliseconds: `own` as the provider counts it (see `spentTime`), and wall time.
 */
async function spent(task: () => Promise<unknown>): Promise<{ own: number; wall: number }> {
  const before = spentTime(runtime);
  const start = performance.now();
  await task();
  return { own: spentTime(runtime) - before, wall: performance.now() - start };
}

const median = (times: { own: number; wall: number }[]) => {
  const of = (key: 'own' | 'wall') =>
    times.map((t) => t[key]).sort((a, b) => a - b)[times.length >> 1]!;
  return { own: of('own'), wall: of('wall') };
};

/** Generates the last tokens of a text of `length` tokens with the KV cache. */
async function cached(length: number) {
  const engine = createEngine({ model, backend: backendOf(runtime), memoryBudgetBytes: 4e9 });
  const times: { own: number; wall: number }[] = [];
  const text = engine.generate({ prompt: textOf(length - tokens), tokens, choose: likeliest });
  const prompt = await spent(() => text.next());
  for (let i = 1; i < tokens; i++) times.push(await spent(() => text.next()));
  await text.return();
  await engine.dispose();
  return { token: median(times.slice(1)), prompt };
}

/** Runs the full forward pass and computes the logits of the last token. */
async function whole(length: number) {
  const backend = backendOf(runtime);
  const pieces = new Pieces(model, backend);
  const network = new Network(model, backend, pieces);
  const chunks = new VocabularyChunks(backend, model.head);
  const head = createHead(model, backend, pieces, chunks);
  const batch = { ids: textOf(length), sequences: 1, length };
  const times: { own: number; wall: number }[] = [];
  for (let i = 0; i <= passes; i++) {
    times.push(
      await spent(async () => {
        const stream = await network.forward(batch);
        const prepared = await head.prepare(shapeOf(batch), elementAt(stream, -1));
        await head.logits(prepared, () => undefined, [length - 1]);
        for (const x of [...stream, prepared]) x.dispose();
      }),
    );
  }
  await pieces.dispose();
  await head.dispose();
  chunks.dispose();
  await backend.dispose();
  return median(times.slice(1));
}

console.log(providerName(runtime));
const lengths = values.lengths.split(',').map(Number);
const rows = [];
// The first engine of a process also warms up the JavaScript around it.
await cached(lengths[0]!);
for (const length of lengths) {
  const recomputed = await whole(length);
  const { token, prompt } = await cached(length);
  const ratio = recomputed.own / token.own;
  rows.push({ length, recomputed, token, prompt, ratio });
  console.log(
    `${String(length).padStart(5)} tokens: ${token.own.toFixed(1)} ms a token with the cache, ${recomputed.own.toFixed(1)} ms without: ${ratio.toFixed(1)}x (${(1000 / token.own).toFixed(0)} tokens a second of ${runtime.gpu ? 'the clock' : 'processor time'}; by the clock now ${(1000 / token.wall).toFixed(0)})`,
  );
}
runtime.gpu?.release();
writeResult(`generate-${basename(path)}${fileMark(values.provider)}`, {
  ...provenance(),
  threads: runtime.threads,
  provider: values.provider,
  rows,
});
process.exit(0);
