import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CompiledModel } from '../compiler/compiled.ts';
import type { ModuleInfo } from '../compiler/modules.ts';
import { describeBytes } from './figures.ts';
import { estimateMemory } from './memory.ts';

/** The shape of SmolLM2-135M: 30 layers of 7 modules, 4 bits, float32 head. */
function model({
  layers = 30,
  hidden = 576,
  inner = 1536,
  vocab = 49152,
  heads = 9,
}: {
  layers?: number;
  hidden?: number;
  inner?: number;
  vocab?: number;
  heads?: number;
} = {}): Parameters<typeof estimateMemory>[0] {
  const shapes = [
    [hidden, hidden],
    [hidden / 3, hidden],
    [hidden / 3, hidden],
    [hidden, hidden],
    [inner, hidden],
    [inner, hidden],
    [hidden, inner],
  ] as const;
  const modules = Array.from({ length: layers }, (_, layer) =>
    shapes.map(
      ([out, input]) =>
        ({ layer, bytes: out * input * 0.625, format: { kind: 'nbits' } }) as ModuleInfo,
    ),
  ).flat();
  const sites = shapes.map(([width]) => ({
    width,
  })) as unknown as CompiledModel['blocks'][0]['sites'];
  return {
    layers,
    hidden,
    vocab,
    heads,
    modules,
    blocks: modules.filter((_, i) => i % 7 === 0).map(() => ({ structure: 0, sites })),
    head: { vocab, hidden, format: { kind: 'float32' } } as CompiledModel['head'],
  };
}
const load = { sequences: 8, length: 64, fullRows: 1024 };

describe('the estimate', () => {
  test('covers the memory of a small language model', () => {
    const { weights, activations, workspace, total } = estimateMemory(model(), load);
    // 106 M values in 4 bits with scales, and the token table
    expect(weights).toBeCloseTo(106168320 * 0.625 + 4 * 576 * 49152, -3);
    expect(activations).toBe(4 * 32 * 512 * 576);
    expect(workspace).toBeGreaterThan(64e6);
    expect(workspace).toBeLessThan(400e6);
    expect(total).toBe(weights + activations + workspace);
  });

  test('is finite, positive, and never decreases with any size', () => {
    const size = fc.integer({ min: 1, max: 64 });
    fc.assert(
      fc.property(
        fc.record({ layers: size, sequences: size, length: fc.integer({ min: 2, max: 512 }) }),
        fc.constantFrom('layers', 'length'),
        (a, key) => {
          const of = ({ layers, sequences, length }: typeof a) =>
            estimateMemory(model({ layers }), { sequences, length, fullRows: 0 });
          const before = of(a);
          const after = of({ ...a, [key]: a[key as 'layers'] + 1 });
          for (const part of ['weights', 'activations', 'workspace', 'total'] as const) {
            expect(before[part]).toBeGreaterThan(0);
            expect(after[part]).toBeGreaterThanOrEqual(before[part]);
          }
        },
      ),
    );
  });
});

test('byte counts are shown rounded, with a unit', () => {
  expect([0, 999, 1000, 9949, 61.4e6, 999.4e6, 999.6e6, 1.94e9, 40e9].map(describeBytes)).toEqual([
    '0 bytes',
    '999 bytes',
    '1.0 kB',
    '9.9 kB',
    '61 MB',
    '999 MB',
    '1.0 GB',
    '1.9 GB',
    '40 GB',
  ]);
});
