/**
 * `npm run bench:peers [-- --turns 5]`: measures a LoRA step over all linear layers of the bundled
 * model on the CPU against jax-js and, forward and backward only, @genai-fi/nanogpt. The libraries
 * run alternately in separate processes. Prints and writes the figures.
 *
 * Ours reads packed 4-bit weights and recomputes layers; jax-js has float32 weights and saves
 * activations for backward.
 */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { bundledModel } from '../cli/bundled.ts';
import { tokensOf } from '../cli/data.ts';
import { startEngine } from '../cli/engine.ts';
import { initialAdapters } from '../src/methods/lora.ts';
import { batchOfStep } from '../src/methods/windows.ts';
import { factsOf, loadModel } from '../src/runtime/load.ts';
import { ownTime } from './machine.ts';
import { reportPeers, type Step } from './peers/report.ts';
import { size } from './peers/size.ts';
import { ADAMW } from './adamw.ts';

const { values } = parseArgs({
  options: { turns: { type: 'string', default: '5' }, threads: { type: 'string', default: '2' } },
});
const turns = Number(values.turns);

const model = await loadModel(await bundledModel('atlas-3m'));
const facts = factsOf(model);
const { engine } = await startEngine(model, { provider: 'wasm', threads: values.threads });
const data = await tokensOf(
  { kind: 'bundled', id: 'opticks-train' },
  { sequences: Infinity, length: size.length, bos: 'none' },
  model,
);
const adapters = await engine.adapters(
  initialAdapters(
    1,
    facts.modules,
    facts.modules.map(() => size.rank),
  ),
);
let count = 0;

async function ours(): Promise<Step> {
  count++;
  const start = performance.now();
  const used = ownTime();
  const { loss } = await engine.trainStep(
    batchOfStep(data, 1, count, size.batch),
    { adapters, scale: () => 2 },
    {
      step: count,
      learningRate: size.learningRate,
      ...ADAMW,
      maxNorm: size.maxNorm,
    },
  );
  return {
    milliseconds: performance.now() - start,
    processorMilliseconds: 1000 * (ownTime() - used),
    loss,
  };
}

/** Starts a library in a separate process that runs one step per request. */
function peer(
  script: string,
  flags: string[] = [],
): { step: () => Promise<Step>; end: () => void } {
  const child = spawn(
    process.execPath,
    [...flags, resolve(import.meta.dirname, 'peers', script), JSON.stringify(size)],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const step = async () => {
    child.stdin.write('step\n');
    const { value, done } = await lines.next();
    if (done)
      throw new Error(`${script} ended; "npm ci --prefix bench/peers" installs what it needs`);
    return JSON.parse(value as string) as Step;
  };
  return { step, end: () => child.kill() };
}

// In Node 20 jax-js needs a flag for relaxed SIMD. Browsers have it enabled.
const jax = peer(
  'jax-js.mjs',
  process.versions.node.startsWith('20.') ? ['--experimental-wasm-relaxed-simd'] : [],
);
const nanogpt = peer('nanogpt.mjs');
const contenders = { ours, jaxJs: jax.step, nanogpt: nanogpt.step };
const steps: Record<keyof typeof contenders, Step[]> = { ours: [], jaxJs: [], nanogpt: [] };
const names = Object.keys(contenders) as (keyof typeof contenders)[];
for (let turn = -2; turn < turns; turn++) {
  for (const name of names) {
    // nanogpt takes a hundred times longer, so two of its steps are enough.
    if (name === 'nanogpt' && turn !== -1 && turn !== 0) continue;
    const step = await contenders[name]();
    // The first two turns build sessions and kernels.
    if (turn >= 0) steps[name].push(step);
  }
}
jax.end();
nanogpt.end();
await engine.dispose();

reportPeers('peers.json', steps, { threads: Number(values.threads) });
process.exit(0);
