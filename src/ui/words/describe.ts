/** Settings and their values in words: "seed 1 to 2", "noise σ 0.05". */
import type { Change } from '../../experiment/settings.ts';
import { describeChanges, isOfResults } from '../../experiment/settings.ts';
import { defaultSpec } from '../../experiment/schema.ts';
import type { ExperimentSpec, ModelRef, TextRef } from '../../experiment/spec.ts';
import type { Words } from './en.ts';

export function describeText(words: Words, text: TextRef): string {
  if (text.kind === 'own') return words.rail.ownText;
  if (text.kind === 'ids') return words.rail.ids;
  return words.texts[text.id] ?? text.id;
}

export const modelName = (id: string) => id.replace(/^(bundled|files):/, '');

function value(words: Words, path: string, v: unknown): string {
  const rail = words.rail;
  if (path === 'text') return describeText(words, v as TextRef);
  if (path === 'model') return modelName((v as ModelRef).id);
  if (path === 'method.noise') return (v as { scale: string }).scale === 'std' ? 'std(W)' : `σ = ${(v as { sigma: number }).sigma}`;
  const names: Record<string, string> = { 'two-draws': rail.twoDraws, clean: rail.clean, floor: rail.floor, exact: rail.exact, ranks: rail.ranks, parameters: rail.parameters };
  return names[String(v)] ?? String(v);
}

/** `model.id` and `model.hash` are one thing to a reader. */
const known = (path: string) => (path.startsWith('model.') ? 'model' : path);

export function describeChange(words: Words, { path, from, to }: Change): string {
  const name = words.changes[known(path)] ?? path;
  if (path.startsWith('model.')) return name;
  return words.change(name, value(words, path, from), value(words, path, to));
}

/** What sets an experiment apart from the default one: the name of a result. */
export function nameOf(words: Words, spec: ExperimentSpec): string {
  const changes = describeChanges(defaultSpec(), spec).filter(({ path }) => path !== 'model.hash' && !isOfResults(path));
  if (changes.length === 0) return words.named(words.changes['seed']!, String(spec.seed));
  return changes.map(({ path, to }) => path === 'model.id' ? modelName(String(to)) : words.named(words.changes[path] ?? path, value(words, path, to))).join(', ');
}
