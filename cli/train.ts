/**
 * `rank-atlas train`: adapters at given ranks, trained on a text and judged on a held-out one; progress on stderr, the losses
 * on stdout, the adapter in PEFT's format with `--out`.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AtlasError } from '../src/errors.ts';
import { exportPeft } from '../src/experiment/peft.ts';
import { withSettings } from '../src/experiment/settings.ts';
import { parseTraining, type TrainingSpec } from '../src/experiment/training-spec.ts';
import { runTraining, scaleOf, type TrainingResult } from '../src/experiment/training-run.ts';
import type { AdapterValues } from '../src/engine/engine.ts';
import { nodeFiles } from '../src/model/node-files.ts';
import { factsOf, loadModel, type LoadedModel } from '../src/worker/load.ts';
import { versionsOf } from '../src/worker/versions.ts';
import { modelNamedBy } from './bundled.ts';
import { tokensOf } from './data.ts';
import { readJson, writeBytes } from './disk.ts';
import { startEngine } from './engine.ts';
import type { Command, Options } from './main.ts';
import { clearLine, line } from './progress.ts';
import { ownText, settingsOf } from './settings.ts';

export const train: Command = async (argument, options) => {
  const spec = await withOptions(await experimentOf(argument), options);
  const files = options.model === undefined ? await modelNamedBy(spec.model) : await nodeFiles(options.model);
  spec.model = { id: files.id };
  const model = await loadModel(files, { dtype: options.dtype });
  const { length, heldSequences } = spec;
  const data = { train: await tokensOf(spec.train, { sequences: Infinity, length }, model), held: await tokensOf(spec.held, { sequences: heldSequences, length }, model) };

  const { engine, runtime } = await startEngine(model, options);
  try {
    for await (const event of runTraining({ spec, engine, provider: engine.provider, model: factsOf(model), versions: versionsOf(runtime.ort), data })) {
      if (event.type === 'start') console.error(`${event.parameters} parameters; ${event.sequences} sequences to train on, ${event.heldSequences} held out`);
      else if (event.type === 'step') line(`Step ${event.step} of ${spec.training.steps}, loss ${event.loss.toFixed(4)}`);
      else if (event.type === 'evaluation') {
        clearLine();
        console.log(`after ${String(event.step).padStart(5)} steps: held-out loss ${event.loss.toFixed(4)}`);
      } else if (options.out !== undefined) await writeAdapter(options.out, event.result, event.adapters, model);
    }
  } finally {
    clearLine();
    await engine.dispose();
  }
  return 0;
};

/** A spec file, or `lora` for the defaults. */
async function experimentOf(argument: string): Promise<TrainingSpec> {
  return parseTraining(argument === 'lora' ? {} : await readJson(argument, `"${argument.slice(0, 200)}" is neither a spec file nor "lora"`));
}

/** `--text`, `--held`, `--ranks`, `--seed` and `--set` over the experiment. */
async function withOptions(spec: TrainingSpec, { text, held, ranks, seed, set = [] }: Options): Promise<TrainingSpec> {
  if ((text === undefined) !== (held === undefined)) throw new AtlasError('usage', { why: '--text, to train on, and --held, to judge by, come together' });
  const texts = text === undefined || held === undefined ? {} : { train: await ownText(text), held: await ownText(held) };
  const listed = ranks === undefined ? {} : { adapter: { ...spec.adapter, ranks: { kind: 'listed' as const, ranks: await ranksIn(ranks) } } };
  return parseTraining(withSettings({ ...spec, ...texts, ...listed }, settingsOf(set, seed)));
}

/** The ranks of a result file of `rank-atlas run --out`. */
async function ranksIn(path: string): Promise<Record<string, number>> {
  const { modules } = await readJson(path, `${path} is not a result file`) as { modules?: unknown };
  const entries = Array.isArray(modules) ? (modules as { path?: unknown; rank?: unknown }[]).map(({ path: module, rank }) => [module, rank]) : [];
  if (entries.length === 0) throw new AtlasError('bad-result', { file: path, at: 'modules', why: 'there are none' });
  return Object.fromEntries(entries) as Record<string, number>;
}

async function writeAdapter(folder: string, result: TrainingResult, adapters: readonly AdapterValues[], model: LoadedModel): Promise<void> {
  const { spec } = result, ranks = new Map(adapters.map((a) => [a.module, a.rank]));
  const files = exportPeft({
    modules: model.compiled.modules, adapters, scale: (module) => scaleOf(spec, ranks.get(module)!), rsLora: spec.adapter.scale.kind === 'rslora', baseModel: model.open.title, taskType: 'CAUSAL_LM',
  });
  await mkdir(folder, { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new AtlasError('usage', { why: `${folder} cannot be made (${cause.code})` }, { cause });
  });
  for (const [name, bytes] of files) await writeBytes(join(folder, name), bytes);
  await writeBytes(join(folder, 'training.json'), `${JSON.stringify(result, null, 1)}\n`);
}
