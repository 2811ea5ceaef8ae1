/**
 * `npx tsx tools/golden.ts`: writes links and results of this version, with their contents, to
 * `test/golden/<version>/`. Never change the sets of earlier versions: they must always open with
 * the same experiment and the same ranks (`test/golden.test.ts`).
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { digestOf } from '../src/experiment/digest.ts';
import { encodeLink } from '../src/experiment/link.ts';
import { parseResult } from '../src/experiment/result-file.ts';
import { presets, presetSpec } from '../src/experiment/schema.ts';
import { setByPaths, type Setting } from '../src/experiment/settings.ts';
import packageJson from '../package.json' with { type: 'json' };

const root = resolve(import.meta.dirname, '..');
const folder = join(root, 'test/golden', packageJson.version);
mkdirSync(folder, { recursive: true });

/** The smallest possible map. */
const SMALL: Setting[] = [
  ['sequences', '1'],
  ['length', '4'],
];
const MAPS: Record<string, [string, Setting[]]> = {
  adarank: ['where', [['method.repeats', '2']]],
  jacobian: ['jacobian', [['method.repeats', '2']]],
  combined: ['combined', []],
};
/** Experiments without a preset: every study with settings other than the defaults. */
const OTHERS: Record<string, [string, Setting[]]> = {
  'own text': ['where', [['text', '{"kind":"own","text":"Où est le rang ? 階数は。"}']]],
  'token ids': ['where', [['text', '{"kind":"ids","ids":[[1,2,3],[4,5,6]]}']]],
  'no BOS': ['where', [['bos', 'none']]],
  'pruned base': ['where', [['base', 'pruned']]],
  'race, tuned': [
    'race',
    [
      ['race.entries', '["adarank","uniform","eva","fisher"]'],
      ['race.meanRanks', '[1,4]'],
      ['race.seeds', '5'],
      ['training.learningRate', '0.008'],
    ],
  ],
  samples: ['where', [['study', 'samples']]],
};

const write = (name: string, value: unknown) =>
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(value, null, 1)}\n`);

const links: { name: string; link: string; spec: unknown; digest: unknown }[] = [];
const experiments = {
  ...Object.fromEntries([...presets.keys()].map((id) => [id, [id, []] as const])),
  ...OTHERS,
};
for (const [name, [preset, settings]] of Object.entries(experiments)) {
  const spec = setByPaths(presetSpec(preset), settings);
  links.push({ name, link: await encodeLink(spec), spec, digest: null });
}
for (const [name, [preset, settings]] of Object.entries(MAPS)) {
  const file = join(folder, `result-${name}.json`);
  const set = [...SMALL, ...settings].flatMap(([path, value]) => ['--set', `${path}=${value}`]);
  execFileSync(
    process.execPath,
    [join(root, 'cli/rank-atlas.mjs'), 'run', preset, ...set, '--out', file],
    { stdio: 'inherit' },
  );
  const result = parseResult(JSON.parse(readFileSync(file, 'utf8')));
  const digest = digestOf(result);
  const { spec } = result;
  links.push({ name: `result ${name}`, link: await encodeLink(spec, { digest }), spec, digest });
}
write('links', links);
