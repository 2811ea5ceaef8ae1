/** Standard deviations of all 210 modules of SmolLM2-135M against PyTorch. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { defined } from '../checked.ts';
import { hasShared, sharedPath } from '../../test/shared.ts';
import { compile } from '../compiler/index.ts';
import { readGraph } from '../onnx/read.ts';
import { nodeFiles } from './node-files.ts';
import { openModel } from './repository.ts';
import { weightStd } from './weights.ts';

test.skipIf(!hasShared)(
  'std(W) of both exports equals PyTorch’s',
  { timeout: 120_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'atlas-'));
    try {
      execFileSync(process.execPath, [sharedPath('models', 'assemble.mjs'), folder]);
      const { modules } = JSON.parse(
        readFileSync(sharedPath('reference', 'smollm2', 'adarank.json'), 'utf8'),
      ) as { modules: Record<string, { std_w: number }> };
      for (const path of [
        join(folder, 'SmolLM2-135M-Instruct-ONNX'),
        sharedPath('models', 'SmolLM2-135M-Instruct-genai-q4f16'),
      ]) {
        const open = await openModel(await nodeFiles(path));
        const compiled = compile(
          await readGraph(open.graph, {
            file: open.graphFile,
            external: (name) => open.external.get(name),
          }),
        );
        expect(compiled.modules.map((m) => m.path).sort()).toEqual(Object.keys(modules).sort());
        for (const { index, path: name } of compiled.modules)
          expect(
            Math.abs(weightStd(compiled.weightOf(index)) / defined(modules[name]).std_w - 1),
            name,
          ).toBeLessThan(1e-6);
        expect(defined(open.config).layers).toBe(compiled.layers);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
