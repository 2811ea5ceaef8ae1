/**
 * `npm run fuzz`: gives damaged inputs to every reader and runs those that are accepted
 * (docs/fuzzing.md).
 *
 * --seed N (1)   --count N (20000)   --minutes M   --only KIND   --workers N   --out FILE.json
 * --resume   --input KIND:INDEX
 */
import { fork, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { defined } from '../../src/checked.ts';
import {
  add,
  inputOf,
  noCounts,
  type Counts,
  type Finding,
  type Job,
  type Report,
} from './batch.ts';
import type { Order, Message } from './child.ts';
import { jobsOf } from './jobs.ts';
import { kinds } from './kinds.ts';

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '20000' },
    minutes: { type: 'string' },
    only: { type: 'string' },
    workers: { type: 'string' },
    out: { type: 'string', default: 'bench/results/fuzz.json' },
    resume: { type: 'boolean', default: false },
    input: { type: 'string' },
  },
});
const whole = (name: string, text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Error(`--${name} is "${text}", not a whole number`);
  return value;
};
const folder = resolve(import.meta.dirname, 'findings');

/** Milliseconds without a report after which a process counts as hung. */
const DEADLINE = 60_000;
/** Size in bytes at which a process is replaced: the runtime's memory never shrinks. */
const MAX_BYTES = 1.5e9;

interface State {
  seed: number;
  only: string | null;
  /** Number of completed batches, without gaps from the first. */
  batches: number;
  minutes: number;
  counts: Record<string, Counts>;
  findings: Omit<Finding, 'input'>[];
}

function begun(seed: number, only: string | null): State {
  if (!options.resume || !existsSync(options.out))
    return { seed, only, batches: 0, minutes: 0, counts: {}, findings: [] };
  const state = JSON.parse(readFileSync(options.out, 'utf8')) as State;
  if (state.seed !== seed || state.only !== only)
    throw new Error(
      `${options.out} was begun with --seed ${state.seed}${state.only ? ` --only ${state.only}` : ''}: give the same`,
    );
  return state;
}

const totalOf = ({ counts }: State, key: 'inputs' | 'refused' | 'accepted'): number =>
  Object.values(counts).reduce((sum, c) => sum + c[key], 0);

function save(state: State): void {
  mkdirSync(dirname(resolve(options.out)), { recursive: true });
  const { seed, only, batches, minutes, counts, findings } = state;
  const opened = Object.values(counts).reduce(
    (all, c) => add({ ...noCounts(), opened: all }, { ...noCounts(), opened: c.opened }).opened,
    noCounts().opened,
  );
  const summary = {
    seed,
    only,
    batches,
    minutes: Math.round(minutes * 100) / 100,
    inputs: totalOf(state, 'inputs'),
    refused: totalOf(state, 'refused'),
    accepted: totalOf(state, 'accepted'),
    opened,
    counts,
    findings,
  };
  writeFileSync(`${options.out}.part`, `${JSON.stringify(summary, null, 2)}\n`);
  renameSync(`${options.out}.part`, options.out);
}

/** Writes the files of an input. The summary also has its index, which reproduces it. */
function saveInput(seed: number, { kind, index }: Pick<Finding, 'kind' | 'index'>): string[] {
  mkdirSync(folder, { recursive: true });
  return inputOf(defined(kinds[kind]), kind, seed, index).map(([name, bytes]) => {
    const path = join(folder, `${kind}-${seed}-${index}-${name}`);
    writeFileSync(path, bytes);
    return path;
  });
}

class Worker {
  private child: ChildProcess | null = null;
  private readonly seed: number;
  /** The last output of the runtime. It contains the reason when a process dies. */
  private stderr = '';

  constructor(seed: number) {
    this.seed = seed;
  }

  /** Runs a whole batch, in as many processes as necessary. */
  async run(job: Job): Promise<Report> {
    let counts = noCounts();
    const findings: Finding[] = [];
    for (let next = job.from; next < job.to;) {
      const rest = { ...job, from: next };
      const { report } = await this.once(rest, false);
      if (report) {
        counts = add(counts, report.counts);
        findings.push(...report.findings);
        if (report.next < job.to) this.end();
        next = report.next;
        continue;
      }
      // The process died or hung. Repeat with a report before every input.
      const careful = await this.once(rest, true);
      const at = careful.index;
      if (careful.report) {
        counts = add(counts, careful.report.counts);
        findings.push(...careful.report.findings, {
          kind: job.kind,
          index: next,
          what: 'crash',
          detail: `a process ended in this batch, and not again: ${careful.why}`,
        });
        next = careful.report.next;
        continue;
      }
      // Count the inputs before it in a separate run.
      if (at > next) {
        const { report: before } = await this.once({ ...rest, to: at }, false);
        if (before) {
          counts = add(counts, before.counts);
          findings.push(...before.findings);
        }
      }
      findings.push({
        kind: job.kind,
        index: at,
        what: careful.why === 'hang' ? 'hang' : 'crash',
        detail: careful.why,
      });
      counts.inputs++;
      next = at + 1;
    }
    return { counts, findings, next: job.to };
  }

  end(): void {
    this.child?.removeAllListeners();
    this.child?.kill('SIGKILL');
    this.child = null;
  }

  private once(
    job: Job,
    careful: boolean,
  ): Promise<{ report?: Report; index: number; why: string }> {
    return new Promise((done) => {
      const child = this.child ?? this.start();
      let index = job.from;
      let timer: NodeJS.Timeout;
      const finish = (why: string, report?: Report, bytes = Infinity) => {
        clearTimeout(timer);
        child.removeAllListeners('message').removeAllListeners('exit');
        if (!report || bytes > MAX_BYTES) this.end();
        done({ ...(report && { report }), index, why });
      };
      const wait = () => {
        clearTimeout(timer);
        timer = setTimeout(() => finish('hang'), DEADLINE);
      };
      wait();
      child.on('message', (message: Message) => {
        wait();
        if ('report' in message) finish('', message.report, message.bytes);
        else if (message.index >= 0) index = message.index;
      });
      child.on('exit', (code, signal) =>
        finish(`it ended (${signal ?? code}) ${this.stderr.slice(-300)}`),
      );
      child.send({ job, seed: this.seed, careful } satisfies Order);
    });
  }

  private start(): ChildProcess {
    const child = (this.child = fork(join(import.meta.dirname, 'child.ts'), {
      execArgv: ['--import', 'tsx', '--max-old-space-size=1024'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    }));
    this.stderr = '';
    defined(child.stderr).on('data', (text: Buffer) => {
      this.stderr = (this.stderr + text.toString()).slice(-2000);
    });
    return child;
  }
}

async function main(): Promise<number> {
  const seed = whole('seed', options.seed);
  const only = options.only ?? null;
  if (only !== null && !kinds[only])
    throw new Error(`--only is one of ${Object.keys(kinds).join(', ')}`);
  if (options.input !== undefined) {
    const [kind = '', index = ''] = options.input.split(':');
    if (!kinds[kind]) throw new Error('--input is KIND:INDEX');
    console.log(saveInput(seed, { kind, index: whole('input', index) }).join('\n'));
    return 0;
  }
  const maxCount = whole('count', options.count);
  const state = begun(seed, only);
  const before = state.minutes;
  const start = performance.now();
  const minutes = () => (performance.now() - start) / 60_000;
  const late = () => options.minutes !== undefined && minutes() >= Number(options.minutes);
  const jobs = jobsOf(
    only === null
      ? Object.fromEntries(Object.entries(kinds).map(([name, { share }]) => [name, share]))
      : { [only]: 1000 },
  );
  let given = 0;
  let asked = totalOf(state, 'inputs');
  for (; given < state.batches; given++) jobs.next();
  // Batches finish in any order but are counted in sequence, so that a run can resume after the
  // last counted batch.
  const finished = new Map<number, { job: Job; report: Report }>();
  const settle = () => {
    for (let next = finished.get(state.batches); next; next = finished.get(state.batches)) {
      finished.delete(state.batches++);
      const {
        job: { kind },
        report,
      } = next;
      state.counts[kind] = add(state.counts[kind] ?? noCounts(), report.counts);
      for (const { index, what, detail } of report.findings) {
        state.findings.push({ kind, index, what, detail });
        console.error(
          `\n${what}: ${saveInput(seed, { kind, index }).join(', ')}\n  ${detail.slice(0, 400)}`,
        );
      }
    }
    state.minutes = before + minutes();
    save(state);
    const shown = `${totalOf(state, 'inputs')} inputs, ${totalOf(state, 'accepted')} accepted, ${state.findings.length} findings, ${minutes().toFixed(1)} min`;
    process.stderr.write(
      process.stderr.isTTY ? `\r${shown} ` : state.batches % 50 === 0 ? `${shown}\n` : '',
    );
  };
  await Promise.all(
    Array.from(
      { length: whole('workers', options.workers ?? String(availableParallelism())) },
      async () => {
        const worker = new Worker(seed);
        while (asked < maxCount && !late()) {
          const number = given++;
          const job = jobs.next().value;
          asked += job.to - job.from;
          finished.set(number, { job, report: await worker.run(job) });
          settle();
        }
        worker.end();
      },
    ),
  );
  console.log(
    `\n${totalOf(state, 'inputs')} inputs with seed ${seed}: ${totalOf(state, 'refused')} refused, ${totalOf(state, 'accepted')} accepted, ${state.findings.length} findings; ${options.out}`,
  );
  return state.findings.length > 0 ? 1 : 0;
}

process.exit(await main());
