/**
 * What earlier versions wrote, in today's terms. An experiment of version 1 knew no BOS. Until
 * version 2 the training was a study `slider`, and `rank-atlas train` read files of their own form.
 */
import { isObject } from '../spec/parse.ts';
import { SPEC_VERSION } from '../spec/spec.ts';

/**
 * An experiment of any earlier version in today's terms; anything else, and what is damaged, as it
 * is. A file without a version may be of any.
 */
export function fromEarlier(value: unknown): unknown {
  if (!isObject(value)) return value;
  switch (value.version) {
    case 1:
      return { ...sliderAsTrain({ bos: bosOfVersion1(value), ...value }), version: SPEC_VERSION };
    case 2:
      return { ...sliderAsTrain(value), version: SPEC_VERSION };
    case undefined:
      return sliderAsTrain(value);
    default:
      return value;
  }
}

/**
 * What version 1 leaves unsaid means no BOS. On a bundled model that is what the tokenizer says,
 * too, and said so: the experiment stays the one that is recorded, or a preset.
 */
function bosOfVersion1({ model }: Record<string, unknown>): string {
  const id = isObject(model) ? model.id : undefined;
  const bundled = id === undefined || (typeof id === 'string' && id.startsWith('bundled:'));
  return bundled ? 'tokenizer' : 'none';
}

function sliderAsTrain(value: Record<string, unknown>): Record<string, unknown> {
  const { study, samples } = value;
  const named: Record<string, unknown> = {
    ...value,
    ...(study === 'slider' && { study: 'train' }),
    ...(isObject(samples) && { samples: { ...samples, ...adapterNow(samples.adapter) } }),
  };
  if (!Object.hasOwn(named, 'slider') || Object.hasOwn(named, 'train')) return named;
  const { slider, ...others } = named;
  return { ...others, train: isObject(slider) ? trainOf(slider) : slider };
}

/** An adapter of the study by its name of now. */
const adapterNow = (name: unknown) =>
  typeof name === 'string' && { adapter: name.replace(/^slider(?=$|\/)/, 'train') };

/** Absent settings keep their defaults, which are the same. */
function trainOf(slider: Record<string, unknown>): Record<string, unknown> {
  const { rank, ranks, mode, draw, alpha, ...same } = slider;
  const method = { name: 'qdylora', mode, draw };
  return {
    ...same,
    ...((mode !== undefined || draw !== undefined) && { method }),
    ...((rank !== undefined || ranks !== undefined) && {
      ranks: ranks === 'map' ? { kind: 'map', mean: rank } : { kind: ranks ?? 'uniform', rank },
    }),
    ...(alpha !== undefined && { scale: { kind: 'alpha', value: alpha } }),
  };
}

/**
 * A file that `rank-atlas train` read until version 2, known by its own keys, as an experiment;
 * null: it is another one.
 */
export function fromTrainingFile(value: unknown): unknown {
  if (!isObject(value) || value.version === SPEC_VERSION || !isTrainingFile(value)) return null;
  const { adapter, base = 'as-is', method, train, held, ...others } = value;
  const { length, heldSequences, training, ...same } = others;
  return {
    ...same,
    study: 'train',
    train: {
      base,
      method: isObject(method) ? { mode: 'frozen', ...method } : (method ?? { name: 'lora' }),
      ...adapterOf(adapter),
    },
    training: isObject(training ?? {})
      ? { train, held, length, heldSequences, ...(training as object | undefined) }
      : training,
  };
}

const isTrainingFile = ({
  adapter,
  held,
  heldSequences,
  train,
  method,
  base,
}: Record<string, unknown>) =>
  [adapter, held, heldSequences].some((own) => own !== undefined) ||
  (isObject(train) && Object.hasOwn(train, 'kind')) ||
  (isObject(method) && (method.name === 'lora' || method.name === 'qdylora')) ||
  base === 'nf4';

function adapterOf(adapter: unknown = {}): Record<string, unknown> {
  if (!isObject(adapter)) return { adapter };
  const { ranks = { kind: 'uniform' }, scale = { kind: 'fixed', value: 2 }, ...same } = adapter;
  const uniform = isObject(ranks) && ranks.kind === 'uniform';
  return { ...same, scale, ranks: uniform ? { rank: 8, ...ranks } : ranks };
}

/** Where a setting of an earlier version is now. */
interface Moved {
  path: string;
  /** Whether it stands among the same defaults: set here, it says what it said. */
  same: boolean;
}

/** Settings by their paths until version 2. */
const MOVED: readonly (readonly [RegExp, Moved])[] = [
  [/^slider\.rank$/, { path: 'train.ranks.rank', same: false }],
  [/^slider\.ranks$/, { path: 'train.ranks.kind', same: false }],
  [/^slider\.alpha$/, { path: 'train.scale.value', same: false }],
  [/^slider\.(mode|draw.*)$/, { path: 'train.method.$1', same: false }],
  [/^slider\.(.+)$/, { path: 'train.$1', same: false }],
  [/^adapter\.(.+)$/, { path: 'train.$1', same: false }],
  [/^method\.(mode|draw.*)$/, { path: 'train.method.$1', same: false }],
  [/^held(.*)$/, { path: 'training.held$1', same: true }],
  [/^train\.(kind|id|text|ids)$/, { path: 'training.train.$1', same: true }],
];

/** Values that only the training's settings of that name had. */
const MOVED_VALUES: ReadonlyMap<string, Moved> = new Map([
  ['base=nf4', { path: 'train.base', same: true }],
  ['method.name=lora', { path: 'train.method.name', same: false }],
  ['method.name=qdylora', { path: 'train.method.name', same: false }],
]);

/** Where the setting of an earlier version is now; null: it was none, or is where it was. */
export function pathNow(path: string, value: string): Moved | null {
  for (const [was, { path: now, same }] of MOVED)
    if (was.test(path)) return { path: path.replace(was, now), same };
  return MOVED_VALUES.get(`${path}=${value}`) ?? null;
}
