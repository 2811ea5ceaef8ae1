/**
 * `npm run bench [-- MODEL_FOLDER] [--provider wasm|webgpu] [--sequences 2 --length 12] [--repeats
 * 5]`: measures figures as ratios to a baseline of the same run, prints them and writes them to
 * `bench/results/`. It is not part of the tests: load on the machine changes times, and ratios less
 * so.
 */
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { adaRankAgainstNaive } from './adarank.ts';
import { provenance } from './machine.ts';
import { providerOption } from './provider.ts';
import { javaScriptSizes } from './size.ts';
import { writeResult } from './results.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...providerOption,
    threads: { type: 'string', default: '2' },
    sequences: { type: 'string', default: '2' },
    length: { type: 'string', default: '12' },
    repeats: { type: 'string', default: '5' },
  },
});
const bundled = resolve(import.meta.dirname, '../public/models/atlas-3m');
const path = positionals[0] ?? bundled;

const adarank = await adaRankAgainstNaive(path, {
  provider: values.provider,
  threads: values.threads,
  sequences: Number(values.sequences),
  length: Number(values.length),
  repeats: Number(values.repeats),
});
const report = {
  ...provenance(),
  adarank,
  javaScript: path === bundled ? javaScriptSizes() : null,
};
writeResult(`${basename(path)}-${values.provider}-${values.sequences}x${values.length}`, report);

console.log(
  `${adarank.model} on ${adarank.provider}, ${adarank.threads} threads, ${adarank.sequences} x ${adarank.length} tokens (${report.machine})`,
);
console.log(
  `  ${Math.round(100 * adarank.others)} % of the processors went to others: with a large share the figures say little`,
);
console.log(`  one forward of the original export:    ${adarank.forwardSeconds.toFixed(3)} s`);
console.log(
  `  naive, ${adarank.modules} modules x ${adarank.repeats} repeats:      ${adarank.naiveSeconds.toFixed(1)} s (from ${adarank.sampled.length} modules)`,
);
console.log(`  here, the same:                         ${adarank.ourSeconds.toFixed(1)} s`);
console.log(`  naive / here:                           ${adarank.ratio.toFixed(1)}x`);
console.log(
  `  largest relative difference of a value: ${adarank.largestDifference.toExponential(1)}`,
);
console.log(
  `  ℓ1 over ${adarank.vocabularySample.size} tokens of the vocabulary: ${adarank.vocabularySample.ratio.toFixed(1)}x, error ${(100 * adarank.vocabularySample.meanError).toFixed(2)} % (mean of the modules)`,
);
if (report.javaScript)
  console.log(`  own JavaScript of the whole build, gzipped: ${report.javaScript.total} kB`);
process.exit(0);
