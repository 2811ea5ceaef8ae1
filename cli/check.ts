/**
 * `rank-atlas check`: compares the logits of the compiled pipeline with the original export on the
 * same tokens. `--dump` writes the pipeline's tensors under PyTorch names; `--grad` adds the
 * gradients of the loss. A single tokenizer.json or safetensors file is only read and validated.
 */
import { basename } from 'node:path';
import { elementAt } from '../src/checked.ts';
import { AtlasError } from '../src/errors.ts';
import type { Engine, TokenBatch, TrainingEngine } from '../src/engine/engine.ts';
import { comparePipeline, fewTokens, layersCompared } from '../src/engine/check/self-test.ts';
import { nextTokenLosses } from '../src/engine/head/next-token-loss.ts';
import { idsBatch } from '../src/model/calibration.ts';
import { readSafetensors, writeSafetensors, type FloatTensor } from '../src/model/safetensors.ts';
import { loadTokenizer } from '../src/model/tokenizer.ts';
import { testedOf, type LoadedModel } from '../src/runtime/load.ts';
import { readBytes } from './disk.ts';
import { writeBytes } from './output.ts';
import { startEngine } from './engine.ts';
import { loadRuntime } from './runtime.ts';
import { loadTyped } from './model-files.ts';
import { refuseUnused, type Command } from './options.ts';
import { idsOf } from './settings.ts';

export const check: Command = async (path, options) => {
  if (/\.safetensors$|tokenizer\.json$/.test(path)) {
    refuseUnused(options, ['dtype', 'ids', 'dump', 'grad', 'json'], '"check" of a single file');
    return path.endsWith('.safetensors') ? checkSafetensors(path) : checkTokenizer(path);
  }
  if (options.grad && options.dump === undefined)
    throw new AtlasError('usage', { why: '--grad needs --dump OUT.safetensors' });
  const model = await loadTyped(path, options);
  const batch: TokenBatch =
    options.ids === undefined
      ? fewTokens(model.compiled)
      : idsBatch(idsOf(options.ids), model.compiled);
  const { engine, runtime } = await startEngine(model, options);
  try {
    // Also on the native provider, whose 4-bit kernel may round activations to 8 bits.
    const reference =
      runtime.native === null ? runtime : await loadRuntime('wasm', options.threads);
    const tested = testedOf(model, reference.ort);
    const layers = layersCompared(tested);
    const logits = await engine.logits(batch, undefined, layers ?? undefined);
    const { ok, error, allowed, note } = await comparePipeline(tested, batch, logits, layers);
    if (options.dump !== undefined) {
      const tensors = await forwardTensors(
        engine,
        batch,
        model,
        layers ? await engine.logits(batch) : logits,
      );
      if (options.grad) await addGradients(tensors, engine, batch, model);
      await writeBytes(options.dump, writeSafetensors(tensors, { format: 'pt' }));
    }
    const largest = largestOf(logits);
    const report = {
      file: model.open.graphFile,
      dialect: model.compiled.dialect,
      provider: engine.provider,
      tokens: { sequences: batch.sequences, length: batch.length },
      logits: { largestDifference: error * largest, allowed: allowed * largest, largest },
      ok,
      note: note ?? null,
    };
    if (options.json) console.log(JSON.stringify(report, null, 2));
    else {
      console.log(
        `${report.file} (${report.dialect}) on ${engine.provider.kind}, ${batch.sequences} x ${batch.length} tokens`,
      );
      if (Number.isNaN(error)) console.log('logits: not compared');
      else
        console.log(
          `logits: largest difference ${(error * largest).toPrecision(3)} of ±${largest.toPrecision(3)}, allowed ${(allowed * largest).toPrecision(3)}: ${ok ? 'within tolerance' : 'OUT OF TOLERANCE'}`,
        );
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
  const { vocab } = await loadTokenizer(await readBytes(path), basename(path));
  console.log(`${basename(path)}: ${vocab} tokens`);
  return 0;
}

const largestOf = (x: Float32Array): number => x.reduce((m, v) => Math.max(m, Math.abs(v)), 0);

async function forwardTensors(
  engine: Engine,
  batch: TokenBatch,
  { compiled }: LoadedModel,
  logits: Float32Array,
): Promise<Map<string, FloatTensor>> {
  const { sequences, length } = batch;
  const { vocab, hidden } = compiled;
  const nll = await nextTokenLosses(async (visit) => visit(0, vocab, logits), batch);
  const tensors = new Map<string, FloatTensor>([
    ['logits', { shape: [sequences, length, vocab], data: logits }],
  ]);
  (await engine.residuals(batch)).forEach((data, i) =>
    tensors.set(`resid.${i}`, { shape: [sequences, length, hidden], data }),
  );
  tensors.set('nll', { shape: [sequences, length - 1], data: Float32Array.from(nll) });
  return tensors;
}

/** Number of weights in all modules up to which weight gradients are written. */
const SMALL_MODEL = 20_000_000;

/**
 * Adds the mean next-token loss (`loss`) and its gradients `grad_resid.i`. For small models it also
 * adds `grad_weight.<module path>` and `grad_weight.lm_head`.
 */
async function addGradients(
  tensors: Map<string, FloatTensor>,
  engine: TrainingEngine,
  batch: TokenBatch,
  { compiled: { hidden, modules, vocab } }: LoadedModel,
): Promise<void> {
  const { sequences, length } = batch;
  const small = modules.reduce((n, m) => n + m.inFeatures * m.outFeatures, 0) <= SMALL_MODEL;
  const loss = await engine.gradients(batch, {
    residual: (i, data) =>
      tensors.set(`grad_resid.${i}`, { shape: [sequences, length, hidden], data }),
    ...(small
      ? {
          weight: (module, data) =>
            tensors.set(`grad_weight.${elementAt(modules, module).path}`, {
              shape: [
                elementAt(modules, module).outFeatures,
                elementAt(modules, module).inFeatures,
              ],
              data,
            }),
          head: (data) => tensors.set('grad_weight.lm_head', { shape: [vocab, hidden], data }),
        }
      : {}),
  });
  tensors.set('loss', { shape: [], data: Float32Array.of(loss) });
}
