/**
 * `npm run soak`: a thousand short runs in one page, fifty model changes and a hundred kills
 * (docs/reliability.md). It takes hours. Run `npm run build` first.
 *
 * --runs N (1000)   --changes N (50)   --kills N (100)   --model FOLDER: a large model to open and
 * leave   --seed N (1)   --out FILE.json   --resume
 *
 * `0` skips a part. `--resume` continues after the kills in the file and leaves skipped parts
 * unchanged.
 */
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { writeBytes } from '../../cli/output.ts';
import { defined, elementAt } from '../../src/checked.ts';
import { provenance } from '../machine.ts';
import { serve } from '../page-browser.ts';
import { killed, STUDIES, undisturbed, VICTIMS, type Kill, type Undisturbed } from './kills.ts';
import { manyModels, type Models } from './models.ts';
import { grown, type Growth } from './growth.ts';
import { manyRuns, type Runs } from './runs.ts';

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    changes: { type: 'string', default: '50' },
    kills: { type: 'string', default: '100' },
    model: { type: 'string' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: 'bench/results/soak.json' },
    resume: { type: 'boolean', default: false },
  },
});

interface Soak {
  at: ReturnType<typeof provenance>;
  runs?: Runs & { grown: Growth[] };
  models?: Models & { grown: Growth[] };
  seed: number;
  kills: Kill[];
}

const seed = Number(options.seed);
const soak: Soak =
  options.resume && existsSync(options.out)
    ? (JSON.parse(readFileSync(options.out, 'utf8')) as Soak)
    : { at: provenance(), seed, kills: [] };
// Apply the current criteria to saved counts.
if (soak.runs) soak.runs.grown = grown(soak.runs.holdings);
if (soak.seed !== seed)
  throw new Error(`${options.out} was begun with --seed ${soak.seed}: give the same`);

const save = (): Promise<void> =>
  writeBytes(
    options.out,
    `${JSON.stringify(soak, null, 1)}
`,
    { silent: true },
  );

const log = (words: string) => console.log(words);
const site = await serve();
try {
  if (options.runs !== '0') {
    const runs = await manyRuns(site, Number(options.runs), log);
    soak.runs = { ...runs, grown: grown(runs.holdings) };
    await save();
  }
  if (options.changes !== '0') {
    const models = await manyModels(site, Number(options.changes), options.model ?? null, log);
    soak.models = { ...models, grown: grown(models.holdings) };
    await save();
  }
  const whole = new Map<string, Undisturbed>();
  for (let n = soak.kills.length; n < Number(options.kills); n++) {
    const study = elementAt(STUDIES, n % STUDIES.length);
    const victim = elementAt(VICTIMS, Math.floor(n / STUDIES.length) % VICTIMS.length);
    if (!whole.has(study)) whole.set(study, await undisturbed(site, study));
    soak.kills.push(
      await killed({ site, study, victim, whole: defined(whole.get(study)), seed, n }),
    );
    log(`${n + 1} of ${options.kills} kills: ${JSON.stringify(soak.kills.at(-1))}`);
    await save();
  }
} finally {
  await site.close();
}

const failures = [
  ...[soak.runs, soak.models].flatMap((part) =>
    part
      ? part.grown.filter((g) => !g.flat).map((g) => `${g.what} grew from ${g.early} to ${g.late}`)
      : [],
  ),
  ...(soak.runs?.same === false || soak.models?.same === false
    ? ['a run gave other ranks than the first']
    : []),
  ...soak.kills
    .filter((k) => !k.same)
    .map((k) => `${k.study}, ${k.victim} killed after ${k.after} s: other numbers`),
];
console.log(failures.length ? failures.join('\n') : 'Flat, and the same numbers throughout.');
process.exit(failures.length ? 1 : 0);
