/**
 * Applies options that change an experiment: `--set key.path=value`, `--seed`, `--bos`, `--text`.
 */
import { AtlasError } from '../src/errors.ts';
import { LIMITS } from '../src/spec/limits.ts';
import { setByPaths, type Setting } from '../src/experiment/settings.ts';
import { studyOf } from '../src/studies/registry.ts';
import type { ExperimentSpec } from '../src/studies/spec.ts';
import type { TextRef } from '../src/spec/spec.ts';
import { READ_LIMITS } from '../src/model/limits.ts';
import { decodeText } from '../src/model/text.ts';
import { readBytes } from './disk.ts';
import type { Options } from './options.ts';

/** Parses settings by path. Throws `usage`. */
export function settingsOf({
  set = [],
  seed,
  bos,
}: Pick<Options, 'set' | 'seed' | 'bos'>): Setting[] {
  const settings = set.map((setting): Setting => {
    const at = setting.indexOf('=');
    if (at < 1)
      throw new AtlasError('usage', { why: `"${setting.slice(0, 60)}" is not key.path=value` });
    return [setting.slice(0, at), setting.slice(at + 1)];
  });
  if (seed !== undefined) settings.push(['seed', seed]);
  if (bos !== undefined) settings.push(['bos', bos]);
  return settings;
}

/** Settings of a measurement. A training run uses them only if its ranks follow the map. */
const MEASURING = ['text', 'sequences', 'length', 'method', 'allocation'] as const;

/**
 * Changes the settings of a training run. `length` means `training.length`, as before version 2,
 * unless a map is measured. Throws `bad-spec` as `setByPaths` does, and for settings that have no
 * effect.
 */
export function trainingSettings(
  spec: ExperimentSpec,
  settings: readonly Setting[],
): ExperimentSpec {
  const used: readonly string[] = studyOf('train').uses(setByPaths(spec, settings));
  const now = settings.map(([path, value]): Setting => {
    const ofTraining = path === 'length' && !used.includes(path);
    return [ofTraining ? 'training.length' : path, value];
  });
  const unused = now.find(([path]) =>
    MEASURING.some((root) => path.split('.')[0] === root && !used.includes(root)),
  );
  if (unused)
    throw new AtlasError('bad-spec', {
      at: unused[0].slice(0, 100),
      why: `only the map has this setting${Object.hasOwn(spec.training, unused[0]) ? `; for training use "training.${unused[0]}"` : ''}`,
    });
  return setByPaths(spec, now);
}

/** Parses `[[1,2,3]]`. Throws `bad-text`. */
export function idsOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AtlasError(
      'bad-text',
      { why: 'the token ids are not JSON', remedy: 'Write them as [[1, 2, 3], [4, 5, 6]].' },
      { cause },
    );
  }
}

/** Reads a text file. Throws `bad-text` and the errors of `readBytes`. */
export async function ownText(path: string): Promise<TextRef> {
  const text = decodeText({ name: path, bytes: await readBytes(path, READ_LIMITS.text) });
  const maxLength = LIMITS.text[1];
  if (text.length > maxLength)
    throw new AtlasError('bad-text', {
      why: `${path} has ${text.length} characters, but ${maxLength} are allowed`,
      remedy: 'Use a part of it: a few pages are enough.',
    });
  return { kind: 'own', text };
}
