/**
 * The schema of a whole experiment: the common settings (`spec/schema.ts`) and the settings of each
 * study (`studies/manifests.ts`).
 */
import * as z from 'zod/mini';
import { elementAt } from '../checked.ts';
import '../spec/messages.ts';
import { isObject, parsed, pathOf, type Same } from '../spec/parse.ts';
import { LIMITS } from '../spec/limits.ts';
import { methodSchema } from '../spec/method-schema.ts';
import {
  allocationSchema,
  bosSchema,
  modelSchema,
  textSchema,
  trainingSchema,
  whole,
} from '../spec/schema.ts';
import { SPEC_VERSION, type TextRef } from '../spec/spec.ts';
import { BASES } from '../studies/base-kinds.ts';
import type { Preset } from '../studies/contract.ts';
import { manifestOf } from '../studies/manifest-of.ts';
import { STUDIES, type StudySettings } from '../studies/registry.ts';
import type { ExperimentSpec } from '../studies/spec.ts';
import { fromEarlier } from './earlier.ts';

/** The settings of every study under its name, all of them optional. */
const studySettings = Object.fromEntries(
  STUDIES.flatMap((name) => {
    const settings = manifestOf(name).settings as z.ZodMiniType | null;
    return settings ? [[name, z.prefault(settings, {})]] : [];
  }),
) as { [K in keyof StudySettings]: z.ZodMiniPrefault<z.ZodMiniType<StudySettings[K]>> };

/** Until version 0.2 the map was not a study, and an experiment named none. */
const studySchema = z.pipe(
  z.transform((value: unknown) => value ?? 'map'),
  z.enum(STUDIES),
);

const experiment = z.strictObject({
  version: z._default(z.literal(SPEC_VERSION), SPEC_VERSION),
  model: z.prefault(modelSchema, {}),
  base: z._default(z.enum(BASES), 'as-is'),
  text: z._default(textSchema, { kind: 'bundled', id: 'stories' }),
  bos: bosSchema,
  sequences: z._default(whole('sequences'), 2),
  length: z._default(whole('length'), 32),
  seed: z._default(whole('seed'), 1),
  method: z.prefault(methodSchema, {}),
  allocation: z.prefault(allocationSchema, {}),
  study: z._default(studySchema, 'map'),
  training: z.prefault(trainingSchema, {}),
  ...studySettings,
});

export const specSchema = z
  .pipe(z.pipe(z.transform(fromEarlier), experiment), z.transform(shapeOfIds))
  .check(
    z.refine((s) => s.sequences * s.length <= LIMITS.tokens[1], {
      path: ['sequences'],
      error: `sequences × length may be at most ${LIMITS.tokens[1]} tokens`,
    }),
  );

/** Token ids given directly determine the batch's shape. */
function shapeOfIds<S extends { text: TextRef; sequences: number; length: number }>(spec: S): S {
  if (spec.text.kind !== 'ids') return spec;
  return { ...spec, sequences: spec.text.ids.length, length: elementAt(spec.text.ids, 0).length };
}

true satisfies Same<z.output<typeof specSchema>, ExperimentSpec>;

/** The default experiment, a new object each time. */
export const defaultSpec = (): ExperimentSpec => specSchema.parse({});

/** The example experiments of the page. */
export const presets: ReadonlyMap<string, Preset> = new Map(
  STUDIES.flatMap((name) => Object.entries(manifestOf(name).presets)),
);

/** Throws RangeError for an unknown name. */
export function presetSpec(name: string): ExperimentSpec {
  const preset = presets.get(name);
  if (!preset) throw new RangeError(`there is no preset "${name}"`);
  return specSchema.parse(preset.spec);
}

/**
 * Validates an experiment; absent settings get their defaults. Throws `bad-spec` with the first
 * wrong setting.
 */
export const parseSpec = (value: unknown): ExperimentSpec => parsed(specSchema, value);

/**
 * Repairs an experiment that may be damaged: a wrong setting gets its default, and its path is
 * listed. If nothing is usable, the result is the default experiment and the list is `['']`.
 */
export function repairSpec(value: unknown): { spec: ExperimentSpec; damaged: string[] } {
  const damaged: string[] = [];
  let rest = fromEarlier(value);
  // Each round removes at least one key, and the reader has limited the value's size. After 100
  // faults nothing is worth repairing.
  for (let round = 0; round < 100; round++) {
    const parsed = specSchema.safeParse(rest);
    if (parsed.success) return { spec: parsed.data, damaged };
    const path = pathOf(elementAt(parsed.error.issues, 0));
    const cut = without(rest, path);
    if (cut === null) break;
    rest = fromEarlier(cut.value);
    damaged.push(cut.at);
  }
  return { spec: defaultSpec(), damaged: [''] };
}

/**
 * A copy without the setting at `path`, or without its nearest existing parent; null if that is the
 * whole value.
 */
function without(
  value: unknown,
  path: readonly PropertyKey[],
): { value: unknown; at: string } | null {
  for (let depth = path.length; depth > 0; depth--) {
    const keys = path.slice(0, depth);
    // Removing an element would change the meaning of the others, so the whole list is removed.
    if (keys.some((k) => typeof k === 'number')) continue;
    const names = keys.map(String);
    if (has(value, names)) return { value: drop(value, names), at: names.join('.').slice(0, 100) };
  }
  return null;
}

function has(value: unknown, [key, ...more]: readonly string[]): boolean {
  if (key === undefined) return true;
  return isObject(value) && Object.hasOwn(value, key) && has(value[key], more);
}

function drop(value: unknown, [key, ...more]: readonly string[]): unknown {
  if (!isObject(value) || key === undefined) return value;
  if (more.length > 0) return { ...value, [key]: drop(value[key], more) };
  return Object.fromEntries(Object.entries(value).filter(([k]) => k !== key));
}
