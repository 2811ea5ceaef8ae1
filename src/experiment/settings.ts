/**
 * Settings of an experiment by path: changes one from text (`--set allocation.meanRank=16`), lists
 * the differences between two experiments, and identifies an experiment by its changes from the
 * default.
 */
import { elementAt } from '../checked.ts';
import { AtlasError } from '../errors.ts';
import { isObject } from '../spec/parse.ts';
import { joined, selectorsOf } from '../spec/selectors.ts';
import { isOnBase, makesBase } from '../studies/base-kinds.ts';
import { manifestOf } from '../studies/manifest-of.ts';
import { studyOf, type StudyKind } from '../studies/registry.ts';
import { defaultMethod } from '../spec/method.ts';
import { pathNow } from './earlier.ts';
import { defaultSpec, parseSpec, presets, presetSpec, specSchema } from './schema.ts';
import type { ExperimentSpec } from '../studies/spec.ts';

/**
 * Choices that change and are compared as a whole, although they have parts. Two methods are
 * compared by their common settings.
 */
const CHOICES = new Set([...selectorsOf(specSchema).keys()].filter((path) => path !== 'method'));

/**
 * Returns the experiment with settings changed in order and validated at the end. A value is JSON
 * if it parses as JSON (`16`, `[[1,2]]`), otherwise a string (`exact`). Throws `bad-spec` for a
 * path or value that is not allowed; for a path of an earlier version the error names the current
 * path.
 */
export function setByPaths(spec: ExperimentSpec, settings: readonly Setting[]): ExperimentSpec {
  return parseSpec(
    settings.reduce<unknown>((changed, [path, text]) => {
      const now = pathNow(path, text);
      if (now && !now.same)
        throw new AtlasError('bad-spec', {
          at: path.slice(0, 100),
          why: `it is now called "${now.path.slice(0, 100)}"`,
        });
      return replaced(changed, { path: now?.path ?? path, value: fromText(text) });
    }, spec),
  );
}

export type Setting = readonly [path: string, value: string];

/** Changes one setting: `setByPath(spec, 'allocation.meanRank', '16')`. */
export const setByPath = (spec: ExperimentSpec, path: string, value: string): ExperimentSpec =>
  setByPaths(spec, [[path, value]]);

function fromText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * Paths of the keys that select a variant. Setting another variant drops the parts of the old one.
 */
const SELECTORS: ReadonlySet<string> = new Set(
  [...selectorsOf(specSchema)].map(([path, selector]) => joined(path, selector)),
);

function replaced(
  value: unknown,
  change: { path: string; value: unknown },
  [key, ...more]: readonly string[] = change.path.split('.'),
): unknown {
  if (key === undefined) return change.value;
  const { path } = change;
  if (!isObject(value))
    throw new AtlasError('bad-spec', { at: path.slice(0, 100), why: 'there is no such setting' });
  const other = more.length === 0 && SELECTORS.has(path) && value[key] !== change.value;
  // A computed key creates an own property even for "__proto__"; the schema then rejects it by
  // name.
  return {
    ...(other ? {} : value),
    [key]: replaced(Object.hasOwn(value, key) ? value[key] : undefined, change, more),
  };
}

/** Whether an experiment measures on its `text`; other studies use other texts. */
export const usesText = (spec: ExperimentSpec): boolean =>
  studyOf(spec.study).uses(spec).includes('text');

export interface Change {
  path: string;
  from: unknown;
  to: unknown;
}

/**
 * The settings in which `b` differs from `a`, in the schema's order. An own text or a noise setting
 * changes as a whole.
 */
export function describeChanges(a: ExperimentSpec, b: ExperimentSpec): Change[] {
  return changes(a, b, '');
}

function changes(a: unknown, b: unknown, path: string): Change[] {
  if (isObject(a) && isObject(b) && !CHOICES.has(path)) {
    // A setting that only one of two methods has is not a difference.
    const keys =
      a.name !== b.name
        ? Object.keys(a).filter((key) => Object.hasOwn(b, key))
        : [...new Set([...Object.keys(a), ...Object.keys(b)])];
    return keys.flatMap((key) => changes(a[key], b[key], joined(path, key)));
  }
  return canonical(a) === canonical(b) ? [] : [{ path, from: a, to: b }];
}

/** Every setting of an experiment or of one of its sections; a choice is one setting. */
export const settingsOf = (value: unknown, path = ''): { path: string; value: unknown }[] =>
  isObject(value) && !CHOICES.has(path)
    ? Object.entries(value).flatMap(([key, part]) => settingsOf(part, joined(path, key)))
    : [{ path, value }];

const canonical = (value: unknown) =>
  JSON.stringify(value, (_, v: unknown) =>
    isObject(v) ? Object.fromEntries(Object.entries(v).sort(([x], [y]) => (x < y ? -1 : 1))) : v,
  );

/**
 * The settings that differ from the default. Another method counts as one change, and its settings
 * are compared with its own defaults.
 */
export function changesFromDefault(spec: ExperimentSpec): Change[] {
  const plain = defaultSpec();
  const { name } = spec.method;
  const method: Change[] =
    name === plain.method.name ? [] : [{ path: 'method.name', from: plain.method.name, to: name }];
  return [...method, ...describeChanges({ ...plain, method: defaultMethod(name) }, spec)];
}

/**
 * The differences from the defaults, nested as in the experiment: `{allocation: {meanRank: 16}}`. A
 * link contains these.
 */
export function differences(spec: ExperimentSpec): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const { path, to } of changesFromDefault(spec)) {
    if (to === undefined) continue;
    const keys = path.split('.');
    let at = out;
    for (const key of keys.slice(0, -1)) at = (at[key] ??= {}) as Record<string, unknown>;
    at[elementAt(keys, -1)] = to;
  }
  return out;
}

/** A key for lists of results; equal for equal experiments. */
export const specKey = (spec: ExperimentSpec): string => canonical(differences(spec));

/**
 * Name of the preset that equals the experiment, ignoring model, budget and seed; null if none
 * does.
 */
export function presetOf(spec: ExperimentSpec): string | null {
  const { model, allocation, seed } = defaultSpec();
  const key = specKey({ ...spec, model, allocation, seed });
  return [...presets.keys()].find((name) => specKey(presetSpec(name)) === key) ?? null;
}

/** The experiment that the experiment's preset is compared with at the end; null: none. */
export function counterpartOf(spec: ExperimentSpec): ExperimentSpec | null {
  const name = presetOf(spec);
  const against = name === null ? undefined : presets.get(name)?.against;
  if (!against) return null;
  const { model, allocation, seed } = spec;
  return { ...parseSpec(against), model, allocation, seed };
}

/**
 * Whether a setting affects a study's numbers: the study uses it, owns it, or runs on a base that
 * depends on it.
 */
function decides(study: StudyKind, path: string, spec: ExperimentSpec): boolean {
  const root = elementAt(path.split('.'), 0);
  return (
    [...studyOf(study).uses(spec), study].includes(root as StudyKind) ||
    (isOnBase(study) && (path === 'base' || makesBase(path, spec)))
  );
}

/** Whether a setting affects the measured draws of the map. */
export const isMeasured = (path: string, spec: ExperimentSpec): boolean =>
  decides('map', path, spec);

/**
 * The differences between `a` and `b` that affect a study's numbers. The length of the run does not
 * count, and an absent model hash matches any.
 */
export function studyChanges(study: StudyKind, a: ExperimentSpec, b: ExperimentSpec): Change[] {
  const { longer } = manifestOf(study);
  return describeChanges(a, b).filter(
    ({ path, from, to }) =>
      (decides(study, path, a) || decides(study, path, b)) &&
      path !== longer?.setting &&
      (path !== 'model.hash' || (from !== undefined && to !== undefined)),
  );
}

/**
 * Whether `a` and `b` measure identical draws, up to the shorter run. They may differ in the
 * allocation and the number of repeats.
 */
export const sameMeasurement = (a: ExperimentSpec, b: ExperimentSpec): boolean =>
  studyChanges('map', a, b).length === 0;
