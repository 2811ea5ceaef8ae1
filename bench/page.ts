/**
 * `npm run bench:page [-- --starts 3 --runs 50]`: measures first visits of the built page in
 * headless Chromium, prints the figures and writes them to `bench/results/page.json`. Run `npm run
 * build` first, and run nothing else at the same time.
 */
import { parseArgs } from 'node:util';
import { median, provenance } from './machine.ts';
import { serve } from './page-browser.ts';
import { repeatedRuns, type Repeated } from './page-memory.ts';
import { coldStart, type ColdStart } from './page-start.ts';
import { writeResult } from './results.ts';

const { values } = parseArgs({
  options: { starts: { type: 'string', default: '3' }, runs: { type: 'string', default: '50' } },
});

const site = await serve();
const starts: ColdStart[] = [];
let javaScript: Awaited<ReturnType<typeof coldStart>>['javaScript'] = null;
for (let i = 0; i < Number(values.starts); i++) {
  const cold = await coldStart(site);
  starts.push(cold.start);
  javaScript = cold.javaScript;
  const { measuring, firstCell, sweep, run, done, others, longTasks } = cold.start;
  console.log(
    `cold start ${i + 1} (${Math.round(100 * others)} % of the processors went to others): measuring after ${measuring} s, first cell ${firstCell} s; first sweep takes ${sweep} s, run ${run} s, all done after ${done} s`,
  );
  console.log(
    `  main thread held 50 ms or more: at start-up ${tasks(longTasks.startUp)}; during the run ${tasks(longTasks.run)}`,
  );
}
const repeated: Repeated[] = [];
if (Number(values.runs) > 0) {
  for (const provider of ['wasm', 'webgpu'] as const) {
    const r = await repeatedRuns(site, provider, Number(values.runs));
    repeated.push(r);
    console.log(
      `${r.runs} runs of ${r.tokens} tokens, ${r.repeats} repeats on ${provider}, MB in the first third → the last (kB more a run):`,
    );
    for (const key of ['page', 'browser', 'engine', 'resident'] as const)
      console.log(`  ${key.padEnd(9)} ${r.first[key]} → ${r.last[key]} (${r.growth[key]})`);
    for (const { run, objects, code, timings } of r.heap)
      console.log(
        `  heap of the page after run ${run}: ${objects} of objects, ${code} of compiled code, ${timings} of the browser's timings`,
      );
  }
}
await site.close();

const of = (pick: (start: ColdStart) => number) => ({
  median: median(starts.map(pick)),
  best: Math.min(...starts.map(pick)),
});
const summary = {
  firstCell: of((s) => s.firstCell),
  firstSweep: of((s) => s.sweep),
  run: of((s) => s.run),
  longestTaskOfRun: of((s) => Math.max(0, ...s.longTasks.run.map((t) => t.ms))),
};
const report = {
  ...provenance(),
  summary,
  javaScript,
  starts,
  repeated,
};
writeResult('page', report);

console.log(
  `median (best) of ${starts.length}: first cell ${summary.firstCell.median} (${summary.firstCell.best}) s, first sweep ${summary.firstSweep.median} (${summary.firstSweep.best}) s, run ${summary.run.median} (${summary.run.best}) s`,
);
if (javaScript)
  console.log(
    `own JavaScript of the visit, gzipped: ${javaScript.total} kB (${javaScript.parts.map((p) => `${p.name} ${p.kilobytes}`).join(', ')})`,
  );
process.exit(0);

function tasks(list: ColdStart['longTasks']['run']): string {
  return list.length ? list.map((t) => `${t.ms} ms at ${t.at} s`).join(', ') : 'never';
}
