/**
 * `npm run bench:native [-- MODEL_FOLDER] [--provider native,wasm] [--python PYTHON] [--turns 5]`:
 * measures providers against each other in alternation, on the same threads: a LoRA step over all
 * linear layers (4 x 64 tokens, rank 8), a generated token, and one repeat of AdaRank over all
 * modules (1 x 8 and 2 x 12 tokens). `--python` names an interpreter with torch and peft, which
 * then measures the same in PyTorch (`bench/peers/*.py`), with random weights of the same shapes.
 * Prints the medians and writes `bench/results/native-MODEL.json`.
 */
import { spawnSync } from 'node:child_process';
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bundledModel } from '../cli/bundled.ts';
import { tokensOf } from '../cli/data.ts';
import { startEngine } from '../cli/engine.ts';
import { defined, elementAt } from '../src/checked.ts';
import type { FullEngine } from '../src/engine/engine.ts';
import { adaRank } from '../src/methods/importance/adarank.run.ts';
import { initialAdapters } from '../src/methods/lora.ts';
import { likeliest } from '../src/methods/sampling.ts';
import { batchOfStep } from '../src/methods/windows.ts';
import { nodeFiles } from '../src/model/node-files.ts';
import { loadModel } from '../src/runtime/load.ts';
import { median, provenance, quiet, watchOthers } from './machine.ts';
import { writeResult } from './results.ts';
import { ADAMW } from './adamw.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    provider: { type: 'string', default: 'native,wasm' },
    python: { type: 'string' },
    threads: { type: 'string', default: '2' },
    turns: { type: 'string', default: '5' },
    tokens: { type: 'string', default: '64' },
  },
});
const path = positionals[0];
const turns = Number(values.turns);
const tokens = Number(values.tokens);
const rank = 8;
const model = await loadModel(
  path === undefined ? await bundledModel('atlas-3m') : await nodeFiles(resolve(path)),
);
const { modules, vocab } = model.compiled;
const data = await tokensOf(
  { kind: 'bundled', id: 'opticks-train' },
  { sequences: Infinity, length: 64, bos: 'none' },
  model,
);

const timed = async (task: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await task();
  return performance.now() - start;
};

/** The measured tasks on one engine. Each returns milliseconds of its unit. */
async function tasksOn(engine: FullEngine) {
  const adapters = await engine.adapters(
    initialAdapters(
      1,
      modules,
      modules.map(() => rank),
    ),
  );
  let step = 0;
  const prompt = Int32Array.from({ length: 20 }, (_, i) => (i * i * 7 + 3) % vocab);
  const repeat = async (sequences: number, length: number) => {
    const ids = Int32Array.from({ length: sequences * length }, (_, i) => (7919 * (i + 1)) % vocab);
    const pass = await engine.cleanPass({ ids, sequences, length });
    const events = adaRank({
      engine,
      pass,
      known: () => false,
      now: () => performance.now(),
      control: { granularity: () => 'batch' },
      options: {
        seed: 1,
        variant: 'two-draws',
        noise: { scale: 'std' },
        repeats: 1,
        vocabularySample: 0,
      },
    });
    const time = await timed(async () => {
      for await (const event of events) if (event.type === 'sweep') break;
    });
    pass.dispose();
    return time;
  };
  return {
    'LoRA step, ms': () => {
      step++;
      return timed(() =>
        engine.trainStep(
          batchOfStep(data, 1, step, 4),
          { adapters, scale: () => 2 },
          {
            step,
            learningRate: 1e-3,
            ...ADAMW,
            maxNorm: 0.3,
          },
        ),
      );
    },
    'generated token, ms': async () => {
      const text = engine.generate({ prompt, tokens, choose: likeliest });
      await text.next();
      const time = await timed(async () => {
        for await (const token of text) void token;
      });
      return time / (tokens - 1);
    },
    'AdaRank 1 x 8, ms a repeat': () => repeat(1, 8),
    'AdaRank 2 x 12, ms a repeat': () => repeat(2, 12),
  };
}

const providers = values.provider.split(',');
const engines = new Map<string, Awaited<ReturnType<typeof tasksOn>>>();
for (const provider of providers) {
  const { engine } = await startEngine(model, { provider, threads: values.threads });
  engines.set(provider, await tasksOn(engine));
}
type Task = keyof Awaited<ReturnType<typeof tasksOn>>;
const tasks = Object.keys(defined(engines.values().next().value)) as Task[];

await quiet();
const others = watchOthers();
const cpu = process.cpuUsage();
const figures: Record<string, Record<string, number>> = {};
for (const task of tasks) {
  const times = new Map(providers.map((p) => [p, [] as number[]]));
  // The first turn creates sessions.
  for (let turn = 0; turn <= turns; turn++)
    for (const provider of providers) {
      const time = await defined(engines.get(provider))[task]();
      if (turn > 0) defined(times.get(provider)).push(time);
    }
  figures[task] = Object.fromEntries(
    [...times].map(([p, list]) => [p, Number(median(list).toPrecision(4))]),
  );
}
const used = process.cpuUsage(cpu);
const share = others((used.user + used.system) / 1e6);

/** What the scripts print, by their file. */
const python = values.python;
const peers = python
  ? Object.fromEntries(
      ['peft_step.py', 'adarank_torch.py'].map((file) => {
        const script = resolve(import.meta.dirname, 'peers', file);
        const { status, stdout, stderr } = spawnSync(python, [script], { encoding: 'utf8' });
        if (status !== 0) throw new Error(`${file}: ${stderr.trim().split('\n').at(-1) ?? ''}`);
        return [file, stdout.trim().split('\n')];
      }),
    )
  : null;

const name = path === undefined ? 'atlas-3m' : basename(resolve(path));
writeResult(`native-${name}`, {
  ...provenance(),
  model: model.open.title,
  threads: Number(values.threads),
  turns,
  others: share,
  figures,
  peers,
});
console.log(`${model.open.title}, ${values.threads} threads, medians of ${turns} turns`);
console.log(
  `${Math.round(100 * share)} % of the processors went to others: with a large share the figures say little`,
);
for (const [task, of] of Object.entries(figures)) {
  const first = defined(of[elementAt(providers, 0)]);
  console.log(
    `  ${task}: ${providers.map((p) => `${p} ${defined(of[p])} (${(defined(of[p]) / first).toFixed(2)}x)`).join(', ')}`,
  );
}
for (const lines of Object.values(peers ?? {}))
  for (const line of lines) console.log(`  PyTorch: ${line}`);
process.exit(0);
