/**
 * The schema of an experiment: owns every default and every limit, so that no form, file or link
 * can ask for something absurd. The types are in `spec.ts`; that the two agree is checked when this
 * file is compiled.
 */
import * as z from 'zod/mini';
import { elementAt } from '../checked.ts';
import { AtlasError } from '../errors.ts';
import { BOS } from '../model/bos.ts';
import { agreeSchema } from '../studies/agree/settings.ts';
import { BASES } from '../studies/base-kinds.ts';
import { compressSchemaOf } from '../studies/compress/settings.ts';
import { pruneSchema } from '../studies/prune/settings.ts';
import { raceSchema } from '../studies/race/settings.ts';
import { samplesSchema } from '../studies/samples/settings.ts';
import { sliderSchema } from '../studies/slider/settings.ts';
import {
  SPEC_VERSION,
  type AllocationSpec,
  type ExperimentSpec,
  type MethodName,
  type MethodSpec,
  type TextRef,
} from './spec.ts';

// The small build of zod comes without the words of its messages.
z.config(z.locales.en());

/** Largest (and smallest) value of each number, for forms. */
export const LIMITS = {
  repeats: [1, 64],
  signs: [2, 64],
  sigma: [1e-6, 10],
  vocabularySample: [0, 1_000_000],
  meanRank: [0, 64],
  rMin: [0, 4096],
  rMax: [1, 4096],
  seed: [0, 2 ** 32 - 1],
  sequences: [1, 64],
  length: [2, 1024],
  /** sequences × length. */
  tokens: [2, 8192],
  /** UTF-16 units of an own text: far more than the largest batch can use. */
  text: [1, 400_000],
  heldSequences: [1, 1024],
  steps: [1, 100_000],
  batch: [1, 64],
  learningRate: [1e-8, 1],
  share: [0, 1],
  maxNorm: [0, 1000],
  evaluateEvery: [0, 100_000],
} as const satisfies Record<string, readonly [number, number]>;

type Limit = keyof typeof LIMITS;
const within = (schema: z.ZodMiniNumber, name: Limit) =>
  schema.check(z.gte(LIMITS[name][0]), z.lte(LIMITS[name][1]));
const whole = (name: Limit) => within(z.int(), name);

/**
 * A name has nothing in it that acts on the text around it, or that is not seen
 * (`model/one-line.ts` makes such names of any).
 */
export const modelSchema = z.strictObject({
  id: z._default(
    z
      .string()
      .check(
        z.regex(
          /^((bundled|files):[^\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]{1,200}|hub:[!-~]{1,300}|url:https?:\/\/[!-~]{3,500})$/u,
          'it must be "bundled:<id>", "files:<name>", "hub:<owner>/<name>" or "url:<address>"',
        ),
      ),
    'bundled:atlas-3m',
  ),
  hash: z.optional(
    z
      .string()
      .check(z.regex(/^[0-9a-f]{64}$/, 'it must be a sha-256 in lower-case hexadecimal digits')),
  ),
});

const sequence = z
  .array(z.int().check(z.gte(0), z.lte(2 ** 31 - 1)))
  .check(z.minLength(LIMITS.length[0]), z.maxLength(LIMITS.length[1]));

export const textSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('bundled'),
    id: z
      .string()
      .check(z.regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'it must be the id of a bundled text')),
  }),
  z.strictObject({
    kind: z.literal('own'),
    text: z.string().check(z.minLength(LIMITS.text[0]), z.maxLength(LIMITS.text[1])),
  }),
  z.strictObject({
    kind: z.literal('ids'),
    ids: z.array(sequence).check(
      z.minLength(1),
      z.maxLength(LIMITS.sequences[1]),
      z.refine(
        (ids) => ids.every((s) => s.length === ids[0]?.length),
        'all sequences must be equally long',
      ),
    ),
  }),
]);

const noise = z._default(
  z.discriminatedUnion('scale', [
    z.strictObject({ scale: z.literal('std') }),
    z.strictObject({
      scale: z.literal('fixed'),
      sigma: z._default(within(z.number(), 'sigma'), 0.05),
    }),
  ]),
  { scale: 'std' },
);

const methods = z.discriminatedUnion('name', [
  z.strictObject({
    name: z.literal('adarank'),
    variant: z._default(z.enum(['two-draws', 'clean']), 'two-draws'),
    noise,
    repeats: z._default(whole('repeats'), 5),
    vocabularySample: z._default(whole('vocabularySample'), 0),
  }),
  z.strictObject({
    name: z.literal('jacobian'),
    noise,
    repeats: z._default(whole('repeats'), 8),
    perToken: z._default(z.boolean(), false),
  }),
  z.strictObject({
    name: z.literal('combined'),
    noise,
    signs: z._default(whole('signs'), 32),
    repeats: z._default(whole('repeats'), 1),
  }),
]);

/** Links of the first version name no method: there was one. */
const method = z.pipe(
  z.transform((value) =>
    typeof value === 'object' && value !== null && !Object.hasOwn(value, 'name')
      ? { name: 'adarank', ...value }
      : value,
  ),
  methods,
);

const allocation = z
  .strictObject({
    meanRank: z._default(within(z.number(), 'meanRank'), 8),
    rounding: z._default(z.enum(['floor', 'exact']), 'floor'),
    unit: z._default(z.enum(['ranks', 'parameters']), 'ranks'),
    rMin: z._default(whole('rMin'), 0),
    rMax: z._default(whole('rMax'), 1024),
  })
  .check(z.refine((a) => a.rMin <= a.rMax, { path: ['rMin'], error: 'it must not be above rMax' }));

const training = z.strictObject({
  train: z._default(textSchema, { kind: 'bundled', id: 'opticks-train' }),
  held: z._default(textSchema, { kind: 'bundled', id: 'opticks-eval' }),
  length: z._default(whole('length'), 64),
  heldSequences: z._default(whole('heldSequences'), 32),
  steps: z._default(whole('steps'), 60),
  batch: z._default(whole('batch'), 6),
  learningRate: z._default(within(z.number(), 'learningRate'), 2e-3),
  warmup: z._default(within(z.number(), 'share'), 0.03),
  decay: z._default(z.enum(['constant', 'linear', 'cosine']), 'constant'),
  weightDecay: z._default(within(z.number(), 'share'), 0),
  maxNorm: z._default(within(z.number(), 'maxNorm'), 0.3),
  evaluateEvery: z._default(whole('evaluateEvery'), 20),
});

export const bosSchema = z._default(z.enum(BOS), 'tokenizer');

/**
 * An experiment of version 1 in today's terms: no BOS. On a bundled model that is what the
 * tokenizer says, too, and said so: the experiment stays the one that is recorded, or a preset.
 */
export function fromVersion1(value: unknown): unknown {
  if (!isObject(value) || value.version !== 1) return value;
  const { model } = value;
  const id = isObject(model) ? model.id : undefined;
  const bundled = id === undefined || (typeof id === 'string' && id.startsWith('bundled:'));
  return { bos: bundled ? 'tokenizer' : 'none', ...value, version: SPEC_VERSION };
}

const experiment = z.strictObject({
  version: z._default(z.literal(SPEC_VERSION), SPEC_VERSION),
  model: z.prefault(modelSchema, {}),
  base: z._default(z.enum(BASES), 'as-is'),
  text: z._default(textSchema, { kind: 'bundled', id: 'stories' }),
  bos: bosSchema,
  sequences: z._default(whole('sequences'), 2),
  length: z._default(whole('length'), 32),
  seed: z._default(whole('seed'), 1),
  method: z.prefault(method, {}),
  allocation: z.prefault(allocation, {}),
  study: z._default(
    z.nullable(z.enum(['race', 'agree', 'slider', 'prune', 'compress', 'samples'])),
    null,
  ),
  training: z.prefault(training, {}),
  slider: z.prefault(sliderSchema, {}),
  race: z.prefault(raceSchema, {}),
  agree: z.prefault(agreeSchema, {}),
  compress: z.prefault(compressSchemaOf(textSchema), {}),
  prune: z.prefault(pruneSchema, {}),
  samples: z.prefault(samplesSchema, {}),
});

export const specSchema = z
  .pipe(z.pipe(z.transform(fromVersion1), experiment), z.transform(shapeOfIds))
  .check(
    z.refine((s) => s.sequences * s.length <= LIMITS.tokens[1], {
      path: ['sequences'],
      error: `sequences × length may be at most ${LIMITS.tokens[1]} tokens`,
    }),
  );

/** Token ids given directly decide the batch's shape themselves. */
function shapeOfIds<S extends { text: TextRef; sequences: number; length: number }>(spec: S): S {
  if (spec.text.kind !== 'ids') return spec;
  return { ...spec, sequences: spec.text.ids.length, length: elementAt(spec.text.ids, 0).length };
}

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
true satisfies Same<z.output<typeof specSchema>, ExperimentSpec>;
true satisfies Same<z.output<typeof allocation>, AllocationSpec>;

/** The default experiment, a fresh object each time. */
export const defaultSpec = (): ExperimentSpec => specSchema.parse({});

/** A method as it is when only its name is chosen. */
export const defaultMethod = <N extends MethodName>(name: N): Extract<MethodSpec, { name: N }> =>
  methods.parse({ name }) as Extract<MethodSpec, { name: N }>;

/**
 * Experiments worth opening with, as differences from the default; their words are in the page's
 * catalogue.
 */
export const presets = {
  /** The default: late or early, attention or MLP? */
  where: {},
  /** The same measurement on a text the model was not trained on: which cells move? */
  text: { text: { kind: 'bundled', id: 'jargon-eval' } },
  /**
   * The map from backward passes alone, and together with one real draw: does it agree with
   * AdaRank's?
   */
  jacobian: { method: { name: 'jacobian' } },
  combined: { method: { name: 'combined' } },
  /**
   * Several methods on the same modules and text: whose order is whose, and what does each cost?
   */
  agree: { study: 'agree' },
  /** One budget, three allocations: what do the ranks buy? */
  race: { study: 'race' },
  /** The same over four budgets, with AdaRank upside down as a control. */
  'when-does-it-matter': {
    study: 'race',
    race: { entries: ['adarank', 'uniform', 'random', 'inverse'], meanRanks: [1, 2, 4, 8] },
    training: { steps: 40, batch: 4 },
  },
  /** One training for all ranks to 16: where does the curve flatten? */
  qdylora: { study: 'slider' },
  /** One backward pass scores every removal of components: can less be better? */
  compress: { study: 'compress' },
  /**
   * Half, six and seven tenths of the weights gone, repaired round by round: which layers keep
   * theirs?
   */
  'losa-50': { study: 'prune' },
  'losa-60': { study: 'prune', prune: { sparsity: 0.6 } },
  'losa-70': { study: 'prune', prune: { sparsity: 0.7 } },
} as const satisfies Record<string, object>;

export type PresetId = keyof typeof presets;

export const isPreset = (name: string): name is PresetId => Object.hasOwn(presets, name);

export const presetSpec = (id: PresetId): ExperimentSpec => specSchema.parse(presets[id]);

/**
 * A value that fits a schema, absent settings filled in. Throws `bad-spec` naming the first setting
 * that is wrong.
 */
export function parsed<T>(schema: z.ZodMiniType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new AtlasError('bad-spec', firstIssue(result.error, value));
}

/**
 * A validated experiment; absent settings get their defaults. Throws `bad-spec` naming the first
 * setting that is wrong.
 */
export const parseSpec = (value: unknown): ExperimentSpec => parsed(specSchema, value);

/**
 * Where the first fault is and why, in words fit for an error's sentence; with `value`, what was
 * parsed, also which settings there are.
 */
export function firstIssue(error: z.core.$ZodError, value?: unknown): { at: string; why: string } {
  const issue = elementAt(error.issues, 0);
  const path = pathOf(issue);
  const absent = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  const message = absent
    ? 'it is missing'
    : issue.code === 'unrecognized_keys'
      ? `there is no such setting${beside(value, issue)}`
      : issue.message;
  return { at: path.map(String).join('.').slice(0, 100) || 'the file', why: message.slice(0, 200) };
}

/** The settings that stand beside an unknown one. */
function beside(value: unknown, { path, keys }: z.core.$ZodIssueUnrecognizedKeys): string {
  const around = path.reduce<unknown>(
    (v, key) => (isObject(v) ? v[String(key)] : undefined),
    value,
  );
  const known = isObject(around) ? Object.keys(around).filter((key) => !keys.includes(key)) : [];
  return known.length > 0 ? ` (there are ${known.join(', ')})` : '';
}

const pathOf = (issue: z.core.$ZodIssue): PropertyKey[] =>
  issue.code === 'unrecognized_keys' ? [...issue.path, elementAt(issue.keys, 0)] : issue.path;

/**
 * An experiment out of a value that may be damaged in places: a setting that is wrong gets its
 * default, and its path is listed. With nothing usable in it the result is the default experiment,
 * and the list is `['']`.
 */
export function repairSpec(value: unknown): { spec: ExperimentSpec; damaged: string[] } {
  const damaged: string[] = [];
  let rest: unknown = value;
  // Each round takes at least one key out of a value whose size its reader has bounded; 100 faults
  // are a wreck, not a scratch.
  for (let round = 0; round < 100; round++) {
    const parsed = specSchema.safeParse(rest);
    if (parsed.success) return { spec: parsed.data, damaged };
    const path = pathOf(elementAt(parsed.error.issues, 0));
    const cut = without(rest, path);
    if (cut === null) break;
    rest = cut.value;
    damaged.push(cut.at);
  }
  return { spec: defaultSpec(), damaged: [''] };
}

/**
 * A copy without the setting at `path`, or without the nearest thing around it that is there; null
 * if that is everything.
 */
function without(
  value: unknown,
  path: readonly PropertyKey[],
): { value: unknown; at: string } | null {
  for (let depth = path.length; depth > 0; depth--) {
    const keys = path.slice(0, depth);
    // An element cannot be taken out of a list without changing what the others mean: take the
    // list.
    if (keys.some((k) => typeof k === 'number')) continue;
    const names = keys.map(String);
    if (has(value, names)) return { value: drop(value, names), at: names.join('.').slice(0, 100) };
  }
  return null;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function has(value: unknown, [key, ...more]: readonly string[]): boolean {
  if (key === undefined) return true;
  return isObject(value) && Object.hasOwn(value, key) && has(value[key], more);
}

function drop(value: unknown, [key, ...more]: readonly string[]): unknown {
  if (!isObject(value) || key === undefined) return value;
  if (more.length > 0) return { ...value, [key]: drop(value[key], more) };
  return Object.fromEntries(Object.entries(value).filter(([k]) => k !== key));
}
