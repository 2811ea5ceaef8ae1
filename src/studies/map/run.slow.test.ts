/**
 * The map run on WebGPU against WASM, by every method. On a software adapter the kernels take their
 * slow path.
 */
import { expect, test } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { tinyDecoderGraph } from '../../../test/tiny-decoder.ts';
import { tinyFacts } from '../../../test/tiny-engine.ts';
import { compile } from '../../compiler/index.ts';
import type { Backend } from '../../engine/backends/backend.ts';
import { createEngine } from '../../engine/cut-engine.ts';
import { cpuBackend, webgpuBackend } from '../../engine/backends/test-backends.ts';
import type { Measurement } from './state.ts';
import { mapSteps } from '../../../test/studies.ts';
import { parseSpec } from '../../experiment/schema.ts';

const ids = [
  [1, 2, 3, 4],
  [5, 6, 7, 8],
];
const compiled = compile(tinyDecoderGraph({ weights: 'q4' }));

async function measured(backend: Backend, methods: readonly object[]): Promise<Measurement[]> {
  const engine = createEngine({ model: compiled, backend, memoryBudgetBytes: 1e9 });
  const states: Measurement[] = [];
  for (const method of methods) {
    let state: Measurement | null = null;
    for await (const step of mapSteps({
      spec: parseSpec({ text: { kind: 'ids', ids }, method }),
      engine,
      batch: { ids: Int32Array.from(ids.flat()), sequences: 2, length: 4 },
      model: tinyFacts(compiled),
    }))
      ({ state } = step);
    states.push(defined(state));
  }
  await engine.dispose();
  return states;
}

test('WebGPU measures what WASM does, by every method', { timeout: 600_000 }, async ({ skip }) => {
  const gpu = await webgpuBackend();
  if (!gpu) return skip('no WebGPU adapter on this machine');
  const methods = [
    { name: 'jacobian', repeats: 3 },
    { name: 'jacobian', repeats: 1, perToken: true },
    { name: 'combined', signs: 2, repeats: 1 },
  ];
  const here = await measured(await cpuBackend(), methods);
  const there = await measured(gpu, methods);
  there.forEach((state, i) => {
    state.measured.forEach((values, m) =>
      values.forEach((v, k) =>
        expect(
          Math.abs(v / elementAt(elementAt(here, i).measured, m)[k]! - 1),
          `${i} ${k}`,
        ).toBeLessThan(1e-3),
      ),
    );
    expect(defined(state.result).modules.map((m) => m.rank)).toEqual(
      defined(elementAt(here, i).result).modules.map((m) => m.rank),
    );
  });
});
