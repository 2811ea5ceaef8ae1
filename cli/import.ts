/**
 * `rank-atlas import`: lists the modules, ranks and scales of a PEFT adapter for a model. `--out`
 * writes the ranks to a file for `train --ranks`.
 */
import { importPeft, type PeftImport } from '../src/adapters/peft.ts';
import { columns } from '../src/studies/map/export.ts';
import { adapterPlaces, HEAD_PATH, type AdapterPlace } from '../src/compiler/modules.ts';
import { defaultSpec } from '../src/experiment/schema.ts';
import type { LoadedModel } from '../src/runtime/load.ts';
import { readAdapter } from './adapter-files.ts';
import { writeBytes } from './output.ts';
import type { Command, Options } from './options.ts';
import { loadFor } from './model-files.ts';

export const importAdapter: Command = async (path, options) => {
  const model = await modelFor(options);
  const summary = summaryOf(await adapterAt(path, model), adapterPlaces(model.compiled));
  if (options.out !== undefined)
    await writeBytes(options.out, `${JSON.stringify(summary, null, 1)}\n`);
  console.log(options.json ? JSON.stringify(summary, null, 2) : text(summary));
  return 0;
};

/** Loads `--model`, or the bundled model. */
export const modelFor = (options: Options): Promise<LoadedModel> =>
  loadFor(options, defaultSpec().model);

/**
 * Reads an adapter for this model and prints notes about its files on stderr. Throws the errors of
 * the adapter readers.
 */
export async function adapterAt(path: string, { compiled }: LoadedModel): Promise<PeftImport> {
  const { config, weights } = await readAdapter(path);
  const adapter = importPeft(config, weights, adapterPlaces(compiled));
  for (const note of adapter.notes) console.error(`rank-atlas: note on ${path}: ${note}.`);
  return adapter;
}

interface Summary {
  baseModel: string | null;
  rsLora: boolean;
  parameters: number;
  notes: string[];
  /**
   * Every module of the model, with rank 0 and scale null if it has no adapter. The head is listed
   * only if it has an adapter.
   */
  modules: { path: string; rank: number; scale: number | null; parameters: number }[];
}

function summaryOf(
  { adapters, scale, rsLora, baseModel, notes }: PeftImport,
  places: readonly AdapterPlace[],
): Summary {
  const ranks = new Map(adapters.map((a) => [a.module, a.rank]));
  const rows = places
    .filter(({ index, path }) => path !== HEAD_PATH || ranks.has(index))
    .map(({ index, path, inFeatures, outFeatures }) => {
      const rank = ranks.get(index) ?? 0;
      return {
        path,
        rank,
        scale: rank > 0 ? scale(index) : null,
        parameters: rank * (inFeatures + outFeatures),
      };
    });
  return {
    baseModel,
    rsLora,
    parameters: rows.reduce((sum, r) => sum + r.parameters, 0),
    notes,
    modules: rows,
  };
}

function text({ baseModel, rsLora, parameters, modules: places }: Summary): string {
  const modules = places.filter((m) => m.path !== HEAD_PATH);
  const head = modules.length < places.length ? ` and ${HEAD_PATH}` : '';
  const adapted = modules.filter((m) => m.rank > 0);
  const mean = modules.reduce((sum, m) => sum + m.rank, 0) / modules.length;
  return [
    `${adapted.length} of ${modules.length} modules${head} adapted, ${parameters} parameters, mean rank ${Number(mean.toFixed(2))}${rsLora ? ', rsLoRA' : ''}.`,
    `Trained on: ${baseModel ?? 'not recorded in the file'}.`,
    '',
    ...columns([
      ['module', 'rank', 'scale', 'parameters'],
      ...places.map((m) => [
        m.path,
        String(m.rank),
        m.scale === null ? '-' : String(Number(m.scale.toPrecision(6))),
        String(m.parameters),
      ]),
    ]),
  ].join('\n');
}
