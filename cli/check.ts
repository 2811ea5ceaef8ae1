/**
 * `rank-atlas check`: the untouched export and the cut pipeline on the same tokens, and how far they differ.
 * `--dump` writes the pipeline's tensors under the names PyTorch users know. A tokenizer.json or a safetensors file by itself
 * is read and validated.
 */
import { basename } from 'node:path';
import type { TokenBatch } from '../src/engine/engine.ts';
import { comparePipeline, fewTokens } from '../src/engine/self-test.ts';
import { nextTokenLosses } from '../src/engine/tokens.ts';
import { idsBatch } from '../src/model/calibration.ts';
import { nodeFiles } from '../src/model/node-files.ts';
import { readSafetensors, writeSafetensors, type FloatTensor } from '../src/model/safetensors.ts';
import { loadTokenizer } from '../src/model/tokenizer.ts';
import { loadModel, testedOf, type LoadedModel } from '../src/worker/load.ts';
import { readBytes, writeBytes } from './disk.ts';
import { startEngine } from './engine.ts';
import type { Command } from './main.ts';
import { idsOf } from './run.ts';

export const check: Command = async (path, options) => {
  if (path.endsWith('.safetensors')) return checkSafetensors(path);
  if (path.endsWith('tokenizer.json')) return checkTokenizer(path);
  const model = await loadModel(await nodeFiles(path), { dtype: options.dtype });
  const batch: TokenBatch = options.ids === undefined ? fewTokens(model.compiled) : idsBatch(idsOf(options.ids), model.compiled);
  const { engine, runtime } = await startEngine(model, options);
  try {
    const logits = await engine.logits(batch);
    const { ok, error, allowed, note } = await comparePipeline(testedOf(model, runtime.ort), batch, logits);
    if (options.dump !== undefined) {
      const residuals = await engine.residuals(batch);
      await writeDump(options.dump, batch, model, logits, residuals);
    }
    const largest = largestOf(logits);
    const report = {
      file: model.open.graphFile, dialect: model.compiled.dialect, provider: engine.provider,
      tokens: { sequences: batch.sequences, length: batch.length },
      logits: { largestDifference: error * largest, allowed: allowed * largest, largest }, ok, note: note ?? null,
    };
    if (options.json) console.log(JSON.stringify(report, null, 2));
    else {
      console.log(`${report.file} (${report.dialect}) on ${engine.provider.kind}, ${batch.sequences} x ${batch.length} tokens`);
      if (Number.isNaN(error)) console.log('logits: not compared');
      else console.log(`logits: largest difference ${(error * largest).toPrecision(3)} of ±${largest.toPrecision(3)}, allowed ${(allowed * largest).toPrecision(3)}: ${ok ? 'within tolerance' : 'OUT OF TOLERANCE'}`);
      if (note) console.log(note);
    }
    return ok ? 0 : 1;
  } finally {
    await engine.dispose();
  }
};

async function checkSafetensors(path: string): Promise<number> {
  const { tensors } = readSafetensors(await readBytes(path), basename(path));
  console.log(`${basename(path)}: ${tensors.size} tensors`);
  return 0;
}

async function checkTokenizer(path: string): Promise<number> {
  const { vocab } = loadTokenizer(await readBytes(path), basename(path));
  console.log(`${basename(path)}: ${vocab} tokens`);
  return 0;
}

const largestOf = (x: Float32Array): number => x.reduce((m, v) => Math.max(m, Math.abs(v)), 0);

async function writeDump(path: string, batch: TokenBatch, { compiled }: LoadedModel, logits: Float32Array, residuals: Float32Array[]): Promise<void> {
  const { sequences, length } = batch, { vocab, hidden } = compiled;
  const nll = await nextTokenLosses(async (visit) => visit(0, vocab, logits), batch);
  const tensors = new Map<string, FloatTensor>([['logits', { shape: [sequences, length, vocab], data: logits }]]);
  residuals.forEach((data, i) => tensors.set(`resid.${i}`, { shape: [sequences, length, hidden], data }));
  tensors.set('nll', { shape: [sequences, length - 1], data: Float32Array.from(nll) });
  await writeBytes(path, writeSafetensors(tensors, { format: 'pt' }));
}
