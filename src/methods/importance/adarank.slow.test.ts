/**
 * AdaRank on SmolLM2-135M against PyTorch: draw by draw with the reference's noise, and in
 * distribution with another seed (RANK_ATLAS_FULL=1: 16 sweeps, half an hour).
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { hasShared, sharedPath } from '../../../test/shared.ts';
import { compile } from '../../compiler/index.ts';
import { createEngine } from '../../engine/cut-engine.ts';
import type { CleanPass, Engine } from '../../engine/engine.ts';
import { cpuBackend } from '../../engine/backends/test-backends.ts';
import { nodeFiles } from '../../model/node-files.ts';
import { openModel } from '../../model/repository.ts';
import { readGraph } from '../../onnx/read.ts';
import { adaRank, type AdaRankOptions } from './adarank.run.ts';
import { spearman, summarise } from '../statistics.ts';

interface Measured {
  mean: number;
  standard_error: number;
  values: number[];
}
type Reference = Record<string, Measured & { clean_vs_perturbed: Measured }>;

const json = (...path: string[]) =>
  JSON.parse(readFileSync(sharedPath('reference', 'smollm2', ...path), 'utf8'));

describe.skipIf(!hasShared)('SmolLM2-135M', () => {
  let engine: Engine;
  let pass: CleanPass;
  let reference: Reference;
  const folder = mkdtempSync(join(tmpdir(), 'atlas-'));

  beforeAll(async () => {
    execFileSync(process.execPath, [sharedPath('models', 'assemble.mjs'), folder]);
    const open = await openModel(await nodeFiles(join(folder, 'SmolLM2-135M-Instruct-ONNX')));
    const model = compile(
      await readGraph(open.graph, {
        file: open.graphFile,
        external: (name) => open.external.get(name),
      }),
    );
    engine = createEngine({ model, backend: await cpuBackend(), memoryBudgetBytes: 3e9 });
    reference = json('adarank.json').modules;
    const ids: number[][] = json('texts.json').batches.adarank;
    pass = await engine.cleanPass({
      ids: Int32Array.from(ids.flat()),
      sequences: ids.length,
      length: elementAt(ids, 0).length,
    });
  }, 300_000);

  afterAll(async () => {
    pass.dispose();
    await engine.dispose();
    rmSync(folder, { recursive: true });
  });

  async function draws(
    over: Partial<AdaRankOptions>,
    left: (module: number) => boolean = () => true,
  ): Promise<Map<string, number[]>> {
    const options: AdaRankOptions = {
      seed: 1,
      variant: 'two-draws',
      noise: { scale: 'std' },
      repeats: 1,
      vocabularySample: 0,
      ...over,
    };
    const values = new Map<string, number[]>();
    for await (const event of adaRank({
      engine,
      pass,
      options,
      control: { granularity: () => 'layer' },
      known: (m) => !left(m),
      now: () => performance.now(),
    })) {
      if (event.type !== 'draws') continue;
      event.modules.forEach((m, i) => {
        const { path } = elementAt(engine.modules, m);
        values.set(path, [...(values.get(path) ?? []), event.values[i]!]);
      });
    }
    return values;
  }

  test(
    'with the same noise every draw of a sweep is the reference’s',
    { timeout: 1_200_000 },
    async () => {
      const got = await draws({});
      expect(got.size).toBe(210);
      for (const [path, [value]] of got)
        expect(
          Math.abs(defined(value) / defined(reference[path]).values[0]! - 1),
          path,
        ).toBeLessThan(1e-3);
    },
  );

  test(
    'the clean variant is the reference’s over the size of the vocabulary',
    { timeout: 600_000 },
    async () => {
      const got = await draws({ variant: 'clean', repeats: 2 }, (m) => m % 31 === 0);
      for (const [path, values] of got) {
        values.forEach((v, k) =>
          expect(
            Math.abs(
              (v * engine.vocab) / defined(reference[path]).clean_vs_perturbed.values[k]! - 1,
            ),
            path,
          ).toBeLessThan(1e-3),
        );
      }
    },
  );

  test.skipIf(!process.env.RANK_ATLAS_FULL)(
    'with another seed the means agree within their errors, and the order of the modules holds',
    { timeout: 7_200_000 },
    async () => {
      const got = await draws({ seed: 2, repeats: 16 });
      const pairs = [...got].map(([path, values]) => ({
        ours: summarise(values),
        theirs: defined(reference[path]),
      }));
      const near = pairs.filter(
        ({ ours, theirs }) =>
          Math.abs(ours.mean - theirs.mean) <
          4 * Math.hypot(defined(ours.standardError), theirs.standard_error),
      );
      expect(near.length / pairs.length).toBeGreaterThanOrEqual(0.95);
      const rho = spearman(
        pairs.map((p) => p.ours.mean),
        pairs.map((p) => p.theirs.mean),
      );
      console.log(
        `Spearman ${rho.toFixed(4)}, ${near.length} of ${pairs.length} means within 4 combined standard errors`,
      );
      expect(rho).toBeGreaterThanOrEqual(0.95);
    },
  );
});
