/**
 * Converts experiments of earlier versions. Version 1 had no BOS setting. Until version 2 training
 * was a study named `slider`, and `rank-atlas train` read its own file format.
 */
import { isObject } from '../spec/parse.ts';
import { SPEC_VERSION } from '../spec/spec.ts';

/**
 * Converts an experiment of any earlier version. Returns other and damaged values unmodified. A
 * file without a version may be of any version.
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
 * An experiment of version 1 without the setting means no BOS. For a bundled model this equals the
 * tokenizer's setting, so the experiment still matches its recorded run or preset.
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

/** The current name of an adapter of the study. */
const adapterNow = (name: unknown) =>
  typeof name === 'string' && { adapter: name.replace(/^slider(?=$|\/)/, 'train') };

/** Absent settings get their defaults, which have not changed. */
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
 * Converts a file that `rank-atlas train` read until version 2, recognised by its own keys. Returns
 * null for any other file.
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

/** The current place of a setting of an earlier version. */
interface Moved {
  path: string;
  /**
   * Whether the setting has the same defaults around it, so that setting it here has the same
   * effect.
   */
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

/** Values that only the training file's settings of that name had. */
const MOVED_VALUES: ReadonlyMap<string, Moved> = new Map([
  ['base=nf4', { path: 'train.base', same: true }],
  ['method.name=lora', { path: 'train.method.name', same: false }],
  ['method.name=qdylora', { path: 'train.method.name', same: false }],
]);

/** The current place of an earlier setting; null if there was none or it has not moved. */
export function pathNow(path: string, value: string): Moved | null {
  for (const [was, { path: now, same }] of MOVED)
    if (was.test(path)) return { path: path.replace(was, now), same };
  return MOVED_VALUES.get(`${path}=${value}`) ?? null;
}
