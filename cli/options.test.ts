/**
 * Tests every command with every option. A used option must refuse nonsense; an unused option must
 * be refused by name.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defined } from '../src/checked.ts';
import { exportPeft } from '../src/adapters/peft.ts';
import { initialAdapters } from '../src/methods/lora.ts';
import { nodeFiles } from '../src/model/node-files.ts';
import { loadModel } from '../src/runtime/load.ts';
import { cli } from '../test/cli.ts';
import { commands, parse, usage, type CommandName, type OptionName } from './options.ts';

const model = resolve(import.meta.dirname, '../public/models/atlas-3m');
const folder = mkdtempSync(join(tmpdir(), 'rank-atlas-options-'));
const adapter = join(folder, 'adapter');
beforeAll(async () => {
  writeFileSync(join(folder, 'ranks.json'), '{}');
  const {
    compiled: { modules },
  } = await loadModel(await nodeFiles(model));
  const adapters = initialAdapters(
    1,
    modules,
    modules.map((m) => (m.index === 3 ? 1 : 0)),
  );
  mkdirSync(adapter);
  for (const [name, bytes] of exportPeft({
    modules,
    adapters,
    scale: () => 1,
    baseModel: 'atlas',
    taskType: 'CAUSAL_LM',
  }))
    writeFileSync(join(adapter, name), bytes);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

const nowhere = join(folder, 'not', 'there');
const file = join(folder, 'ranks.json', 'below a file');
type Flag = 'json' | 'grad' | 'yes';
/** Values that no command accepts. */
const nonsense: Record<Exclude<OptionName, Flag>, string> = {
  model: nowhere,
  text: nowhere,
  held: nowhere,
  ids: 'nonsense',
  ranks: nowhere,
  from: nowhere,
  adapter: nowhere,
  rank: 'half',
  tokens: 'some',
  temperature: 'NaN',
  'top-p': 'Infinity',
  seed: '-0.5x',
  bos: 'sometimes',
  set: 'no.such.setting=1',
  checkpoint: nowhere,
  resume: nowhere,
  dump: nowhere,
  out: file,
  'out-model': file,
  provider: 'abacus',
  threads: '1e9',
  dtype: 'q77',
};
const all = Object.keys({ ...nonsense, json: '', grad: '', yes: '' }) as OptionName[];
const argumentOf: Record<CommandName, string> = {
  run: 'where',
  train: 'lora',
  eval: adapter,
  experiment: 'allocations',
  generate: 'Hello',
  export: adapter,
  import: adapter,
  inspect: model,
  check: model,
};
/** Other options that an option needs to take effect. */
const requiredWith: Partial<Record<`${CommandName} ${OptionName}`, string[]>> = {
  'run out-model': ['--set', 'study=prune'],
  'run adapter': ['--set', 'study=race', '--set', 'race.entries=["imported","uniform"]'],
  'train text': ['--held', nowhere],
  'train held': ['--text', nowhere],
  'train rank': ['--out', join(folder, 'never')],
  'generate rank': ['--adapter', adapter],
  'export model': ['--out', join(folder, 'never')],
  'export dtype': ['--out', join(folder, 'never')],
};
const typed = (option: OptionName): string[] =>
  option === 'json' || option === 'grad' || option === 'yes'
    ? [`--${option}`]
    : [`--${option}=${nonsense[option]}`];

describe.each(Object.keys(commands) as CommandName[])(
  'rank-atlas %s',
  { timeout: 120_000 },
  (name) => {
    const { uses } = commands[name] as { uses: Partial<Record<OptionName, string>> };

    it.each(all.filter((option) => uses[option] === undefined))(
      'does not use --%s, and says so',
      async (option) => {
        const { code, out, err } = await cli(name, argumentOf[name], ...typed(option));
        expect({ code, out }).toEqual({ code: 2, out: '' });
        expect(err).toBe(
          `rank-atlas: "${name}" does not use --${option}. Run "rank-atlas --help" for the commands and options.\n`,
        );
      },
    );

    it.each(
      all.filter((option) => uses[option] !== undefined && option !== 'json' && option !== 'yes'),
    )('uses --%s: nonsense is refused', async (option) => {
      const { code, out, err } = await cli(
        name,
        argumentOf[name],
        ...typed(option),
        ...(requiredWith[`${name} ${option}`] ?? []),
      );
      expect({ code, out }, err).toEqual({ code: 2, out: '' });
      expect(err).toMatch(/^rank-atlas: [^\n]+[.)]\n$/);
      expect(err).not.toContain('does not use');
    });

    it.runIf(uses.json !== undefined)('prints JSON with --json', async () => {
      const short =
        name === 'eval' || name === 'check'
          ? ['--ids', '[[1,2,3,4]]']
          : name === 'export'
            ? ['--out', join(folder, 'again')]
            : [];
      const { code, out } = await cli(name, argumentOf[name], '--json', ...short);
      expect(code).toBe(0);
      expect(JSON.parse(out)).toBeTypeOf('object');
    });

    it('lists every option in the help, and refuses repeated ones', () => {
      const line = defined(
        usage()
          .options.split(/\n(?=\S)/)
          .find((l) => l.startsWith(`${name} `)),
      );
      for (const option of Object.keys(uses)) expect(line).toContain(`--${option}`);
      const once = defined(
        Object.keys(uses).find((o) => o !== 'set' && o !== 'json' && o !== 'grad'),
      );
      expect(() => parse(name, ['x', `--${once}=1`, `--${once}=2`])).toThrow(
        `--${once} is given twice`,
      );
    });
  },
);

describe('an option that an experiment does not use', { timeout: 120_000 }, () => {
  it.each([
    ['run', 'losa-50', '--ids', '[[1,2,3]]'],
    ['run', 'compress', '--text', 'x.txt'],
    ['run', 'where', '--adapter', 'x'],
    ['run', 'race', '--adapter', 'x'],
    ['run', 'where', '--out-model', join(folder, 'm')],
    ['check', join(model, 'tokenizer.json'), '--ids', '[[1]]'],
  ])('is refused: %s %s %s', async (...args) => {
    const { code, err } = await cli(...args);
    expect([code, err]).toEqual([2, expect.stringContaining(`does not use ${args[2]}`)]);
  });

  it('eval evaluates --ids', async () => {
    const judged = JSON.parse(
      (await cli('eval', adapter, '--ids', '[[17,300,45,9],[1,2,3,4]]', '--json')).out,
    ) as { tokens: number; base: number };
    expect(judged.tokens).toBe(6);
    expect(judged.base).not.toBeCloseTo(
      (
        JSON.parse(
          (await cli('eval', adapter, '--ids', '[[5,6,7,8],[1,2,3,4]]', '--json')).out,
        ) as { base: number }
      ).base,
      3,
    );
    expect((await cli('eval', adapter, '--ids', '[[1,2]]', '--text', 'x.txt')).err).toContain(
      'exclude each other',
    );
  });
});
