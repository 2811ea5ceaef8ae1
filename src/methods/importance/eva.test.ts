import { expect, test } from 'vitest';
import { defined, elementAt } from '../../checked.ts';
import { fillNormal, streamKeys } from '../../device/random.ts';
import type { ModuleInfo } from '../../compiler/modules.ts';
import { evaAdapters, evaRanks, maxComponents } from './eva.run.ts';
import { principalComponents } from '../principal.ts';
import { singularValues } from '../singular.ts';

const normals = (length: number, stream: number) =>
  fillNormal(streamKeys(4, stream, 0), new Float32Array(length));

/** Rows whose variance decreases from column to column, with a mean far from zero. */
function data(rows: number, width: number): Float32Array {
  const x = normals(rows * width, rows + width);
  return x.map((v, i) => 3 + v * 0.8 ** (i % width) + (i % width === 0 ? 2 * v : 0));
}

const centredColumns = (x: Float32Array, rows: number) =>
  Array.from({ length: x.length / rows }, (_, k) => {
    const column = Float64Array.from({ length: rows }, (_, r) => x[r * (x.length / rows) + k]!);
    const mean = column.reduce((a, b) => a + b, 0) / rows;
    return column.map((v) => v - mean);
  });

test.each([
  [40, 12, 3],
  [9, 30, 4],
  [50, 20, 20],
  [3, 5, 4],
  [200, 60, 2],
])(
  'the components of %i rows of %i numbers are those of the whole decomposition',
  (rows, width, count) => {
    const x = data(rows, width);
    const columns = centredColumns(x, rows);
    const { directions, shares } = principalComponents(x, rows, count);
    const squares = Array.from(singularValues(columns), (s) => s * s).sort((a, b) => b - a);
    const total = squares.reduce((a, b) => a + b, 0);
    expect(shares).toHaveLength(Math.min(count, rows - 1, width));
    shares.forEach((share, i) => expect(share).toBeCloseTo(squares[i]! / total, 9));
    directions.forEach((d, i) => {
      directions.forEach((e, j) =>
        expect(d.reduce((sum, v, k) => sum + v * e[k]!, 0)).toBeCloseTo(i === j ? 1 : 0, 9),
      );
      let variance = 0;
      for (let r = 0; r < rows; r++)
        variance += d.reduce((sum, v, k) => sum + v * elementAt(columns, k)[r]!, 0) ** 2;
      expect(variance / total).toBeCloseTo(shares[i]!, 8);
    });
  },
);

test('what does not vary has no components; what varies along few directions has only those', () => {
  expect(principalComponents(new Float32Array(12).fill(2), 4, 3)).toEqual({
    directions: [],
    shares: [],
  });
  const along = normals(8, 1);
  const x = new Float32Array(6 * 8);
  for (let r = 0; r < 6; r++) for (let k = 0; k < 8; k++) x[r * 8 + k] = 1 + r * along[k]!;
  const { shares } = principalComponents(x, 6, 3);
  expect(shares).toHaveLength(1);
  expect(shares[0]).toBeCloseTo(1, 9);
});

const shapes = [
  { inFeatures: 4, outFeatures: 4 },
  { inFeatures: 4, outFeatures: 12 },
  { inFeatures: 8, outFeatures: 8 },
];
const components = [
  { shares: [0.5, 0.3, 0.1] },
  { shares: [0.4, 0.05] },
  { shares: [0.6, 0.35, 0.2] },
];

test('ranks go to the largest shares, no module above twice the mean rank, on either budget', () => {
  // 0.6, 0.5, 0.4, 0.35, 0.3, 0.05 in order; at most two per module.
  expect(evaRanks(components, shapes, { meanRank: 1, equal: 'ranks' })).toEqual([1, 1, 1]);
  expect(evaRanks(components, shapes, { meanRank: 5 / 3, equal: 'ranks' })).toEqual([2, 1, 2]);
  // 40 parameters: the first three cost 16 + 8 + 16 and spend them all.
  expect(evaRanks(components, shapes, { meanRank: 1, equal: 'parameters' })).toEqual([1, 1, 1]);
  expect(evaRanks(components, shapes, { meanRank: 0.55, equal: 'parameters' })).toEqual([1, 0, 1]);
  expect([0.1, 1, 2.6].map(maxComponents)).toEqual([1, 2, 5]);
});

test('A begins as the directions, B as zeros, and modules without a rank have no adapter', () => {
  const x = data(20, 4);
  const found = principalComponents(x, 20, 2);
  const modules = [0, 1].map((index) => ({ index, inFeatures: 4, outFeatures: 3 }) as ModuleInfo);
  const [adapter, ...more] = evaAdapters([found, found], modules, [0, 2]);
  expect(more).toEqual([]);
  expect(adapter).toMatchObject({ module: 1, rank: 2, loraB: new Float32Array(6) });
  expect(Array.from(defined(adapter).loraA)).toEqual(
    [...elementAt(found.directions, 0), ...elementAt(found.directions, 1)].map(Math.fround),
  );
});
