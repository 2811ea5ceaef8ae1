/** Describes settings and their values: "seed 1 to 2", "noise σ 0.05". */
import { defined, elementAt } from '../checked.ts';
import { countsOf, sweepsOf } from '../studies/map/draws.ts';
import type { BaseKind } from '../studies/base-kinds.ts';
import type { CompressTask } from '../studies/compress/settings.ts';
import { RANK_SCALES, type TrainSettings } from '../studies/train/settings.ts';
import type { Measurement } from '../studies/map/state.ts';
import type { Change } from '../experiment/settings.ts';
import { changesFromDefault, isMeasured } from '../experiment/settings.ts';
import type { BosSetting } from '../model/bos.ts';
import type { ExperimentSpec } from '../studies/spec.ts';
import type { MethodName, ModelRef, TextRef } from '../spec/spec.ts';
import type { Words } from './en.ts';

export function describeText(words: Words, text: TextRef): string {
  if (text.kind === 'own') return words.sidebar.ownText;
  if (text.kind === 'ids') return words.sidebar.ids;
  return words.texts[text.id] ?? text.id;
}

/** Returns only the file name of an address, because the rest could imitate another host. */
export const modelName = (id: string) =>
  id.startsWith('url:')
    ? elementAt(id.replace(/[?#].*/, '').split('/'), -1)
    : id.replace(/^(bundled|files|hub):/, '').replace(/@[0-9a-f]{40}/, '');

/** Name of a model that is not open: the title of a bundled model, otherwise the name in its id. */
export const titleOf = (models: readonly { id: string; title: string }[], id: string): string =>
  models.find((m) => `bundled:${m.id}` === id)?.title ?? modelName(id);

/** The words of the first method with this setting and option. */
const methodOption = (words: Words, setting: string, v: unknown): string | undefined =>
  Object.values(words.methods.of)
    .map(({ fields }) => fields[setting]?.options?.[String(v)])
    .find((label) => label !== undefined);

/** Name of a setting. A method's own setting may only have the label of its field. */
function settingName(words: Words, path: string): string {
  const own = Object.values(words.methods.of)
    .map(({ fields }) => (path.startsWith('method.') ? fields[path.slice(7)]?.label : undefined))
    .find((label) => label !== undefined);
  return words.changes[path] ?? own ?? path;
}

function value(words: Words, path: string, v: unknown): string {
  const sidebar = words.sidebar;
  if (['text', 'training.train', 'training.held', 'compress.plain'].includes(path))
    return describeText(words, v as TextRef);
  if (path === 'base') return words.base.names[v as BaseKind];
  if (path === 'bos') return words.bos.names[v as BosSetting];
  if (path === 'model') return modelName((v as ModelRef).id);
  if (path === 'method.noise')
    return (v as { scale: string }).scale === 'std'
      ? 'std(W)'
      : `σ = ${(v as { sigma: number }).sigma}`;
  if (path === 'method.name') return words.methods.names[v as MethodName];
  if (path === 'samples.prompt') return words.values.cut(String(v));
  if (path === 'samples.adapter')
    return v === null ? words.values.newest.toLowerCase() : words.adapters.name(String(v));
  if (path === 'samples.rank' && v === null) return words.values.ownRank;
  if (path.startsWith('train.')) return ofTraining(words, path, v);
  if (path === 'compress.task') return ofTask(words, v as CompressTask);
  if (Array.isArray(v)) return v.join(', ') || '–';
  const names: Record<string, string> = {
    floor: sidebar.floor,
    exact: sidebar.exact,
    ranks: sidebar.ranks,
    parameters: sidebar.parameters,
  };
  const ofMethod = path.startsWith('method.') ? methodOption(words, path.slice(7), v) : undefined;
  return String(ofMethod ?? names[String(v)] ?? v);
}

const ofTask = (words: Words, task: CompressTask): string =>
  task.kind === 'set'
    ? task.id
    : task.kind === 'own'
      ? words.sidebar.ownText
      : describeText(words, task.text);

function ofTraining({ values }: Words, path: string, v: unknown): string {
  switch (path) {
    case 'train.method': {
      const method = v as TrainSettings['method'];
      if (method.name === 'lora') return 'LoRA';
      const drawn = method.draw.kind === 'uniform' ? [] : [values.drawGeometric];
      return ['QDyLoRA', values[method.mode], ...drawn].join(', ');
    }
    case 'train.ranks': {
      const ranks = v as TrainSettings['ranks'];
      if (ranks.kind === 'uniform') return String(ranks.rank);
      return ranks.kind === 'map' ? `${values.map}, ${ranks.mean}` : values.listed;
    }
    case 'train.scale': {
      const { kind, value: number } = v as TrainSettings['scale'];
      return kind === 'fixed' ? `s = ${number}` : `${RANK_SCALES[kind]}, α = ${number}`;
    }
    case 'train.compare':
      return (v as number[]).join(', ') || '–';
    default:
      return values[v as TrainSettings['base'] | TrainSettings['start']];
  }
}

/**
 * Names the method, the number of repeats, and the base if it is not the original model: "AdaRank,
 * 5 repeats".
 */
export function describeMeasured(
  words: Words,
  { spec: { base, method }, measured }: Pick<Measurement, 'spec' | 'measured'>,
): string {
  const what = words.map.subtitle(
    words.methods.names[method.name],
    words.methods.counts(countsOf(method, sweepsOf(measured))),
  );
  return base === 'as-is' ? what : words.base.measured(what, base);
}

/**
 * The words for a rank that its interval settles and for one that it does not. A method whose
 * intervals leave out an error has others.
 */
export const certaintyWords = ({ map, methods }: Words, method: MethodName | undefined) =>
  map.certainty[method !== undefined && methods.of[method].sure !== null ? 'partial' : 'whole'];

/** Combines `model.id` and `model.hash`, which a reader sees as one setting. */
const known = (path: string) => (path.startsWith('model.') ? 'model' : path);

export function describeChange(words: Words, { path, from, to }: Change): string {
  const name = settingName(words, known(path));
  if (path.startsWith('model.')) return name;
  return words.change(name, value(words, path, from), value(words, path, to));
}

/** Names a setting and its value: "mean rank 8". */
export const describeSetting = (words: Words, setting: { path: string; value: unknown }): string =>
  words.named(settingName(words, setting.path), value(words, setting.path, setting.value));

/** Names a result by the settings that differ from the default experiment. */
export function nameOf(words: Words, spec: ExperimentSpec): string {
  const changes = changesFromDefault(spec).filter(
    ({ path }) => path !== 'model.hash' && isMeasured(path, spec),
  );
  if (changes.length === 0) return words.named(defined(words.changes['seed']), String(spec.seed));
  return changes
    .map(({ path, to }) =>
      path === 'model.id'
        ? modelName(String(to))
        : path === 'method.name'
          ? value(words, path, to)
          : words.named(settingName(words, path), value(words, path, to)),
    )
    .join(', ');
}
