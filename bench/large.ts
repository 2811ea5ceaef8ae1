/**
 * `npm run bench:large [-- tied]`: measures memory and time to open a model with the shapes of
 * Llama-3.2-1B on WASM. The model has made-up weights (`test/genai-decoder.ts`, 1.2 GB in a
 * temporary directory, removed afterwards). With `tied` its head is the float16 embedding instead
 * of a 4-bit product. A separate process reads the model, starts the engine, and runs the self-test
 * and one clean pass.
 */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { defined } from '../src/checked.ts';
import { startEngine } from '../cli/engine.ts';
import { fewTokens, selfTest } from '../src/engine/check/self-test.ts';
import { CpuBackend } from '../src/engine/backends/cpu-backend.ts';
import { nodeFiles } from '../src/model/node-files.ts';
import { writeModel } from '../src/onnx/write-model.ts';
import { loadModel, testedOf } from '../src/runtime/load.ts';
import { genaiDecoderGraph, llama1B } from '../test/genai-decoder.ts';
import { provenance } from './machine.ts';
import { writeResult } from './results.ts';

interface Stage {
  stage: string;
  seconds: number;
  resident: number;
  peak: number;
}

/** Memory of this process in MB, from Linux's /proc. */
function memory(): { resident: number; peak: number } {
  const status = readFileSync('/proc/self/status', 'utf8');
  const of = (key: string) =>
    Math.round(
      (1024 * Number(defined(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status))[1])) / 1e6,
    );
  return { resident: of('VmRSS'), peak: of('VmHWM') };
}

function make(folder: string, head: 'q4' | 'tied'): void {
  for (const { name, chunks } of writeModel(
    genaiDecoderGraph({ ...llama1B, head }),
    join(folder, 'model.onnx'),
    { limit: 0 },
  )) {
    const file = openSync(name, 'w');
    for (const chunk of chunks)
      for (let at = 0; at < chunk.length;)
        at += writeSync(file, chunk, at, Math.min(chunk.length - at, 1 << 28));
    closeSync(file);
  }
  writeFileSync(join(folder, 'genai_config.json'), '{}');
}

async function measure(folder: string): Promise<{ stages: Stage[]; check: unknown }> {
  const stages: Stage[] = [];
  let since = performance.now();
  const done = (stage: string) => {
    stages.push({
      stage,
      seconds: Math.round((performance.now() - since) / 100) / 10,
      ...memory(),
    });
    since = performance.now();
  };
  done('started');
  const model = await loadModel(await nodeFiles(folder));
  done('read and compiled');
  const { engine, runtime } = await startEngine(model, { provider: 'wasm', threads: '2' });
  const report = await selfTest(testedOf(model, runtime.ort), engine, new CpuBackend(runtime.ort));
  done('self-test');
  const pass = await engine.cleanPass({
    ...fewTokens(model.compiled),
    sequences: 1,
    ids: fewTokens(model.compiled).ids.subarray(0, 12),
  });
  done('clean pass of 1 x 12 tokens');
  pass.dispose();
  return { stages, check: report.checks[0] };
}

const [task, folder] = process.argv.slice(2);
if (task === 'make' || task === 'make-tied') make(defined(folder), task === 'make' ? 'q4' : 'tied');
else if (task === 'measure') console.log(JSON.stringify(await measure(defined(folder))));
else {
  const made = mkdtempSync(join(tmpdir(), 'rank-atlas-large-'));
  const self = [
    resolve(import.meta.dirname, '../node_modules/tsx/dist/cli.mjs'),
    import.meta.filename,
  ];
  try {
    execFileSync(process.execPath, [...self, task === 'tied' ? 'make-tied' : 'make', made], {
      stdio: 'inherit',
    });
    const found = JSON.parse(
      execFileSync(process.execPath, [...self, 'measure', made], { encoding: 'utf8' }),
    ) as Awaited<ReturnType<typeof measure>>;
    for (const { stage, seconds, resident, peak } of found.stages)
      console.log(`${stage}: ${seconds} s, ${resident} MB resident, ${peak} MB at the most so far`);
    console.log(JSON.stringify(found.check));
    writeResult(`large-${task === 'tied' ? 'tied' : 'q4'}`, { ...provenance(), ...found });
  } finally {
    rmSync(made, { recursive: true });
  }
}
process.exit(0);
