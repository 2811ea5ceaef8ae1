/**
 * `npm run gpu`: measures everything about a GPU in one run of about ten minutes, on Node and Dawn
 * (docs/benchmarks.md). Stops if there is only a software adapter; `--rehearse` runs the stages on
 * a stand-in for a GPU. The file is rewritten before and after each stage, so an interrupted run
 * does not lose its figures.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { checkWritable, makeFolder, writeBytes } from '../../cli/output.ts';
import { nodeFiles } from '../../src/model/node-files.ts';
import { loadModel } from '../../src/runtime/load.ts';
import { provenance } from '../machine.ts';
import { optionsOf, refuse, refuseOut } from '../options.ts';
import { runStages, type Outcome, type Run } from './runner.ts';
import { SOFTWARE_ONLY, STAND_INS, stagesFor } from './stages.ts';

const USAGE =
  'npm run gpu [-- --model FOLDER] [--only WORD,WORD] [--minutes N] [--out FILE.json] [--rehearse software|null]';
const values = optionsOf(USAGE, {
  model: { type: 'string' },
  rehearse: { type: 'string' },
  only: { type: 'string' },
  minutes: { type: 'string' },
  out: { type: 'string' },
} as const);

const standIn = STAND_INS.find((name) => name === values.rehearse) ?? null;
if (values.rehearse !== undefined && !standIn)
  refuse(`--rehearse takes ${STAND_INS.join(' or ')}, not "${values.rehearse}".`);
/** A rented GPU is available for a limited time; a rehearsal is not limited. */
const minutes = Number(values.minutes ?? (standIn ? 120 : 10));
if (!(minutes > 0)) refuse(`--minutes takes a number, not "${values.minutes}".`);
const model = values.model === undefined ? null : resolve(values.model);
if (model !== null) await loadModel(await nodeFiles(model).catch(unread)).catch(unread);

function unread(error: unknown): never {
  refuse(`--model ${values.model}: ${(error as Error).message}`);
}

const [adapter, ...rest] = stagesFor(model, standIn);
const words =
  values.only
    ?.toLowerCase()
    .split(',')
    .map((word) => word.trim()) ?? null;
const named = (name: string) => !words || words.some((word) => name.toLowerCase().includes(word));
const chosen = rest.filter(({ name }) => named(name));
if (!adapter || (chosen.length === 0 && !named(adapter.name)))
  refuse(
    `No stage has "${values.only}" in its name. There are:\n  ${[adapter, ...rest].map((s) => s?.name).join('\n  ')}`,
  );

const out = resolve(
  values.out ?? `bench/results/gpu/${standIn ? `rehearsal-${standIn}` : 'gpu'}.json`,
);
/** The outcomes of an earlier run. `--only` leaves stages that it does not repeat unchanged. */
const before = readBefore();
const began = new Date().toISOString();
const planned = [adapter, ...chosen].map(({ name }) => name);

function readBefore(): Outcome[] {
  try {
    if (!existsSync(out)) return [];
    return (JSON.parse(readFileSync(out, 'utf8')) as { stages?: Outcome[] }).stages ?? [];
  } catch {
    return refuse(`${out} is there and holds no figures of this command. Give another --out.`);
  }
}

/** `running` is the current stage, or null after the last. */
async function save(
  outcomes: readonly Outcome[],
  running: string | null,
  ended: string,
): Promise<void> {
  // Never overwrite earlier figures if the machine has no GPU.
  if (outcomes[0]?.ended !== 'done' && before.length > 0) return;
  const again = new Set(outcomes.map(({ name }) => name));
  const kept = words ? before.filter(({ name }) => !again.has(name)) : [];
  const record = {
    ...provenance(),
    began,
    ...(standIn && { standIn }),
    ended,
    running,
    planned,
    stages: [...outcomes, ...kept],
  };
  await writeBytes(out, `${JSON.stringify(record, null, 1)}\n`, { silent: true });
}

await makeFolder(dirname(out)).catch(refuseOut);
await checkWritable(out, 'file').catch(refuseOut);

const stop = new AbortController();
const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
for (const [signal, code] of Object.entries(CODES))
  process.once(signal, () => {
    process.exitCode = code;
    stop.abort();
  });

function report({ name, ended, why, seconds, said }: Outcome): void {
  console.log(`${name}: ${ended}${why ? ` (${why})` : ''}, ${seconds} s`);
  if (ended === 'done') console.log(`  ${said.slice(-6).join('\n  ')}`);
}

const run = (first: readonly Outcome[]): Run => ({
  standIn,
  until: Date.parse(began) + 60_000 * minutes,
  stop: stop.signal,
  async onProgress(outcomes, next) {
    const last = outcomes.at(-1);
    if (last) report(last);
    await save([...first, ...outcomes], next, 'running');
  },
});

console.log(`${planned.length} stages, at most ${minutes} minutes; ${out}`);
const [first] = await runStages([adapter], run([]));
if (first?.ended === 'done') {
  const outcomes = await runStages(chosen, run([first]));
  const missing = chosen.length - outcomes.length;
  const ended = stop.signal.aborted ? 'stopped' : missing > 0 ? 'out of time' : 'complete';
  await save([first, ...outcomes], null, ended);
  if (missing > 0) console.log(`${missing} stages were not begun: ${ended}`);
  process.exit(
    process.exitCode ?? (missing === 0 && outcomes.every((o) => o.ended === 'done') ? 0 : 1),
  );
}
if (first) await save([first], null, stop.signal.aborted ? 'stopped' : 'no GPU');
if (first?.code === SOFTWARE_ONLY)
  console.log(
    'This adapter computes on the processor: --rehearse software tries the stages on it.',
  );
process.exit(process.exitCode ?? 2);
