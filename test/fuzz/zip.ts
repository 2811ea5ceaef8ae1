/** Builds zips of adapters with unusual names, directories, duplicates and damaged bytes. */
import { zipSync } from 'fflate';
import { damagedBytes } from './bytes.ts';
import type { Random } from './random.ts';

const FOLDERS = [
  '',
  '',
  '',
  'a/',
  'a/b/',
  'checkpoint-1/',
  '__MACOSX/',
  '../',
  'C:\\a\\',
  'a\\',
  '/',
];

/** Puts `config` and `weights` under names that a reader may or may not find. */
export function damagedZip(random: Random, config: Uint8Array, weights: Uint8Array): Uint8Array {
  const files: Record<string, Uint8Array> = {};
  const folder = random.pick(FOLDERS);
  files[`${folder}adapter_config.json`] = config;
  files[`${random.chance(0.8) ? folder : random.pick(FOLDERS)}adapter_model.safetensors`] = weights;
  if (random.chance(0.3))
    files[
      `${random.pick(FOLDERS)}${random.pick(['adapter_config.json', 'adapter_model.safetensors', '._adapter_config.json', 'README.md'])}`
    ] = random.pick([config, weights, new Uint8Array(0)]);
  if (random.chance(0.1)) delete files[random.pick(Object.keys(files))];
  const bytes = zipSync(files, { level: random.pick([0, 6]) });
  return random.chance(0.4) ? damagedBytes(random, bytes) : bytes;
}
