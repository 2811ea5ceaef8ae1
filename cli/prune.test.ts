/**
 * Tests a pruning run of the bundled model on the command line: its output, and that every pruned
 * weight of every module is zero in every file.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { defined, elementAt } from '../src/checked.ts';
import { compile } from '../src/compiler/index.ts';
import type { PruneResult } from '../src/studies/prune/state.ts';
import { readSafetensors, toFloat32 } from '../src/model/safetensors.ts';
import { dequantise } from '../src/model/weights.ts';
import { readGraph } from '../src/onnx/read.ts';
import { cli, set } from '../test/cli.ts';
import { pruneText } from '../src/studies/prune/report.ts';

const folder = mkdtempSync(join(tmpdir(), 'rank-atlas-prune-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (name: string) => new Uint8Array(readFileSync(join(folder, name)));

it(
  'rank-atlas run losa-50: after the merge every pruned weight of the bundled model is exactly zero, in every file',
  { timeout: 180_000 },
  async () => {
    const tiny = [
      'training.steps=2',
      'training.batch=2',
      'training.length=16',
      'training.heldSequences=2',
      'prune.rounds=1',
      'prune.samples=4',
      'prune.baselines=false',
    ];
    const { code, out } = await cli(
      'run',
      'losa-50',
      ...set(tiny),
      '--out',
      join(folder, 'result.json'),
      '--out-model',
      folder,
      '--threads',
      '1',
    );
    expect(code).toBe(0);
    expect(out).toContain('50.0 %');
    const result = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) as PruneResult;
    expect(result.format).toBe('rank-atlas-prune');

    const masks = readSafetensors(bytes('mask.safetensors'), 'mask').tensors;
    const sparse = readSafetensors(bytes('weights.safetensors'), 'weights').tensors;
    const open = async (file: string) => compile(await readGraph(bytes(file), { file }));
    const float = await open('onnx/model.onnx');
    const int4 = await open('onnx/model_q4.onnx');
    expect(float.modules).toHaveLength(56);
    for (const { index, path } of float.modules) {
      const bits = defined(masks.get(`${path}.mask`)).bytes;
      const forms = [
        toFloat32(defined(sparse.get(`${path}.weight`))),
        dequantise(float.weightOf(index)),
        dequantise(int4.weightOf(index)),
      ];
      let pruned = 0;
      let wrong = 0;
      for (let i = 0; i < elementAt(forms, 0).length; i++) {
        if ((bits[i >> 3]! >> (i & 7)) & 1) continue;
        pruned++;
        if (forms.some((w) => w[i] !== 0)) wrong++;
      }
      expect(wrong, path).toBe(0);
      expect(Math.abs(pruned / elementAt(forms, 0).length - 0.5), path).toBeLessThan(0.03);
    }
  },
);

it(
  'rank-atlas experiment losa: LoSA and masked LoRA at two shares of zeros and three seeds, every number of its page from the runs',
  { timeout: 300_000 },
  async () => {
    const tiny = [
      'training.steps=1',
      'training.batch=2',
      'training.length=8',
      'training.heldSequences=2',
      'prune.rounds=1',
      'prune.samples=3',
      'prune.meanRank=2',
    ];
    const { code } = await cli(
      'experiment',
      'losa',
      ...set(tiny),
      '--out',
      folder,
      '--threads',
      '1',
    );
    expect(code).toBe(0);
    const results = JSON.parse(readFileSync(join(folder, 'losa.json'), 'utf8')) as PruneResult[];
    const page = readFileSync(join(folder, 'losa.md'), 'utf8');
    expect(results.map((r) => [r.spec.seed, r.spec.prune.sparsity])).toEqual(
      [1, 2, 3].flatMap((seed) => [
        [seed, 0.5],
        [seed, 0.7],
      ]),
    );
    for (const sparsity of [0.5, 0.7]) {
      const own = results.filter((r) => r.spec.prune.sparsity === sparsity);
      const mean = (of: (r: PruneResult) => number) => own.reduce((sum, r) => sum + of(r), 0) / 3;
      const losa = mean((r) => defined(elementAt(r.rounds, -1).repaired));
      const masked = mean((r) => defined(r.masked).loss);
      for (const loss of [losa, masked, mean((r) => defined(r.wanda).loss)])
        expect(page).toContain(loss.toFixed(4));
      expect(page).toContain(`${masked > losa ? '+' : ''}${(masked - losa).toFixed(4)}`);
      // The text of the LoSA study has both losses, and compares with no training that did not run.
      for (const r of own) {
        const [mine, theirs] = [defined(elementAt(r.rounds, -1).repaired), defined(r.masked).loss];
        expect(pruneText(r)).toMatch(
          new RegExp(
            `masked LoRA of rank 2,.*\n[^]*ends at ${mine.toFixed(3)} nats\\. LoRA without zeros was not trained.*masked LoRA,.*zeros: ${theirs.toFixed(3)}`,
          ),
        );
      }
      for (const { masked: m, wanda, lora } of own)
        expect([defined(m).rank, defined(m).zeros, lora]).toEqual([2, defined(wanda).zeros, null]);
    }
  },
);
