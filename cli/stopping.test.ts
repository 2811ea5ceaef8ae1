/**
 * Tests stopped studies: exit code, message, and that the same command resumes to the numbers of an
 * uninterrupted run.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { elementAt } from '../src/checked.ts';
import { cli, set } from '../test/cli.ts';
import { writeTinyModel } from '../test/tiny-model.ts';

const root = mkdtempSync(join(tmpdir(), 'rank-atlas-stopping-'));
const program = resolve(import.meta.dirname, 'rank-atlas.mjs');
const model = ['--model', writeTinyModel(join(root, 'model')), '--threads', '1'];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(root, "it's "));
  vi.stubEnv('XDG_CACHE_HOME', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});
afterAll(() => rmSync(root, { recursive: true }));

const checkpoints = () => join(folder, 'rank-atlas', 'checkpoints');
const savedFiles = () => (existsSync(checkpoints()) ? readdirSync(checkpoints()) : []);

/**
 * Runs a command with progress as on a terminal. Sends the signal at the first line that matches
 * `stop`.
 */
async function shown(args: string[], stop?: RegExp) {
  const lines: string[] = [];
  const terminal = Object.getOwnPropertyDescriptor(process.stderr, 'isTTY');
  Object.defineProperty(process.stderr, 'isTTY', { value: true, configurable: true });
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    lines.push(String(text).replace('\r\x1b[K', ''));
    if (stop?.test(elementAt(lines, -1))) {
      stop = undefined;
      process.emit('SIGINT');
    }
    return true;
  });
  try {
    return { ...(await cli(...args)), lines };
  } finally {
    spy.mockRestore();
    Object.defineProperty(
      process.stderr,
      'isTTY',
      terminal ?? { value: undefined, configurable: true },
    );
  }
}

/** A result without its times. */
const timeless = (path: string): unknown =>
  JSON.parse(readFileSync(path, 'utf8'), (key, value: unknown) =>
    /^(time|times|milliseconds|startedAt|extrapolated)$/.test(key) ? null : value,
  );

/** Few words, because the tiny model reads single letters. */
const text = (words: string) => JSON.stringify({ kind: 'own', text: words.repeat(40) });
const texts = [
  `train=${text('the light of the sun and its colours ')}`,
  `held=${text('of what is seen through a prism ')}`,
];
const short = [
  ...texts.map((t) => `training.${t}`),
  'training.steps=3',
  'training.batch=2',
  'training.length=8',
  'training.heldSequences=2',
  'sequences=1',
  'length=4',
  'method.repeats=1',
  'race.sequences=1',
];

describe('rank-atlas run, stopped by Ctrl-C', { timeout: 180_000 }, () => {
  // `once` matches work that is done before the stop and must not be repeated.
  it.each<[string, string[], RegExp, RegExp]>([
    [
      'where',
      [`text=${text('the light of the sun ')}`, 'sequences=1', 'length=4', 'method.repeats=2'],
      /2 of 2, layer 0/,
      /never/,
    ],
    [
      'race',
      [...short, 'race.entries=["spectrum","uniform"]', 'training.evaluateEvery=1'],
      /step 2 of 3/,
      /step 1 of 3/,
    ],
    [
      'qdylora',
      [...short, 'train.ranks={"kind":"map","mean":3}', 'train.base=as-is', 'train.compare=[2]'],
      /Training separate LoRAs, \d+ of/,
      /Measuring/,
    ],
    [
      'losa-50',
      [...short, 'prune.rounds=2', 'prune.samples=3', 'prune.meanRank=2', 'prune.baselines=false'],
      /Round 2/,
      /Round 1/,
    ],
    [
      'compress',
      [
        'compress.task={"kind":"text","text":{"kind":"bundled","id":"opticks-train"},"length":8}',
        'compress.rowBlocks=[1]',
        'compress.samples=8',
        'compress.test=4',
        'compress.trials=2',
        'compress.checks=1',
        'samples.tokens=2',
      ],
      /Evaluating, /,
      /Decomposing|Trying/,
    ],
  ])('%s: the same command resumes with the same numbers', async (preset, settings, stop, once) => {
    const out = join(folder, 'stopped.json');
    const whole = join(folder, 'whole.json');
    const command = ['run', preset, ...set(settings), ...model];
    const stopped = await shown([...command, '--out', out], stop);
    expect([stopped.code, existsSync(out)]).toEqual([130, false]);
    // A training run prints held-out losses as they are measured.
    expect(stopped.out).toMatch(/^(after +\d+ steps: held-out loss [\d.]+\n)*$/);
    expect(stopped.err).toContain(
      `rank-atlas: stopped. To resume from the checkpoint: ${process.argv0} ${process.argv[1]} run ${preset} --set `,
    );
    expect(stopped.err).toContain(` --out '${out.replaceAll("'", "'\\''")}'\n`);
    expect(savedFiles().length).toBeGreaterThan(0);

    const resumed = await shown([...command, '--out', out]);
    expect(resumed.code).toBe(0);
    expect(resumed.err).toContain('rank-atlas: resuming from a checkpoint');
    expect(resumed.lines.filter((line) => once.test(line))).toEqual([]);
    expect(savedFiles()).toEqual([]);

    const uninterrupted = await shown([...command, '--out', whole]);
    expect([uninterrupted.code, uninterrupted.err.includes('resuming')]).toEqual([0, false]);
    if (once.source !== 'never')
      expect(uninterrupted.lines.some((line) => once.test(line))).toBe(true);
    expect(timeless(out)).toEqual(timeless(whole));
  });

  it('a study on a derived base does not compute the base again', async () => {
    const out = join(folder, 'out.json');
    const command = [
      'run',
      'where',
      ...set([...short, 'base=pruned', 'prune.rounds=1', 'prune.samples=3', 'prune.meanRank=1']),
      ...model,
      '--out',
      out,
    ];
    expect((await shown(command, /Measuring/)).code).toBe(130);
    const resumed = await shown(command);
    const shares = resumed.lines.filter((line) => line.startsWith('Computing the pruned model'));
    expect(resumed.code).toBe(0);
    // The base resumes from the end of its last round, so no intermediate percentage is printed.
    expect(shares.filter((line) => !/, (0|100) %/.test(line))).toEqual([]);
    expect(savedFiles()).toEqual([]);
  });
});

describe('a process', { timeout: 180_000 }, () => {
  const train = [
    'train',
    'lora',
    ...set([
      ...texts.map((t) => `training.${t}`),
      'training.length=8',
      'training.heldSequences=2',
      'training.batch=1',
      'training.steps=4',
      'training.evaluateEvery=1',
      'train.ranks.rank=1',
    ]),
    ...model,
  ];
  /** Sends one signal for each printed line that matches. */
  const signalled = (args: string[], at: RegExp, ...signals: NodeJS.Signals[]) =>
    new Promise<{ code: number | null; out: string; err: string }>((done) => {
      const child = spawn(process.execPath, [program, ...args], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let out = '';
      let err = '';
      child.stdout.on('data', (data: Buffer) => {
        out += String(data);
        if (at.test(out)) for (const signal of signals.splice(0)) child.kill(signal);
      });
      child.stderr.on('data', (data: Buffer) => {
        err += String(data);
      });
      child.on('close', (code) => done({ code, out, err }));
    });

  it('stops at once at a second signal, in the middle of a step', () => {
    const source = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
    const script = join(folder, 'hang.mjs');
    writeFileSync(
      script,
      `
      (await import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))})).register();
      const { registerCheckpoint, steps, stoppable } = await import(${source('./stopping.ts')});
      async function* events() {
        yield { type: 'step' };
        for (const _ of [1, 2]) { process.kill(process.pid, 'SIGINT'); await new Promise((done) => setTimeout(done, 50)); }
        await new Promise((done) => setTimeout(done, 60_000));
      }
      await stoppable(['run', 'race'], async () => { for await (const _ of steps(events(), registerCheckpoint({ onDisk: true, reportResume() {}, between() {}, save() {}, forget() {} }))); });
    `,
    );
    const { status, stderr } = spawnSync(process.execPath, [script], {
      encoding: 'utf8',
      timeout: 50_000,
    });
    expect([status, stderr]).toEqual([
      130,
      `rank-atlas: stopped. To resume from the checkpoint: ${process.execPath} '${script.replace("'", "'\\''")}' run race\n`,
    ]);
  });

  it('exits with 143 at SIGTERM, and prints a command that a shell runs', async () => {
    const stopped = await signalled(
      [...train, '--out', join(folder, 'adapter')],
      /after +1 steps/,
      'SIGTERM',
    );
    expect(stopped.code).toBe(143);
    // A shell splits the printed command. It runs here, because this process has compiled the
    // runtime.
    const [, command] = /^rank-atlas: stopped\. To resume .*?: (.*)$/m.exec(stopped.err) ?? [];
    const words = spawnSync('sh', ['-c', `set -- ${command}; printf '%s\\0' "$@"`], {
      encoding: 'utf8',
    })
      .stdout.split('\0')
      .slice(0, -1);
    expect(words.slice(0, 2)).toEqual([process.execPath, program]);
    const resumed = await cli(...words.slice(2));
    const whole = await cli(...train, '--out', join(folder, 'whole'));
    expect([resumed.code, resumed.out]).toEqual([0, whole.out]);
    expect(resumed.err).toContain('resuming from a checkpoint');
    for (const name of ['adapter_model.safetensors', 'adapter_config.json'])
      expect(
        readFileSync(join(folder, 'adapter', name)).equals(
          readFileSync(join(folder, 'whole', name)),
        ),
      ).toBe(true);
    expect(timeless(join(folder, 'adapter', 'training.json'))).toEqual(
      timeless(join(folder, 'whole', 'training.json')),
    );
    expect(savedFiles()).toEqual([]);
  });
});
