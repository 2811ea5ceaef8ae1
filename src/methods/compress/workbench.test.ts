/**
 * Residual streams that are recomputed only as needed equal those of a new pass, for any order of
 * changes.
 */
import { afterAll, expect, it } from 'vitest';
import { elementAt } from '../../checked.ts';
import { tinyDecoderGraph } from '../../../test/tiny-decoder.ts';
import { createEngine } from '../../engine/cut-engine.ts';
import { floatModel } from '../../engine/pieces/float-model.ts';
import { cpuBackend } from '../../engine/backends/test-backends.ts';
import { layOut } from './task.ts';
import { Workbench } from './workbench.ts';

const engine = createEngine({
  model: await floatModel(tinyDecoderGraph()),
  backend: await cpuBackend(),
  memoryBudgetBytes: 500e6,
});
afterAll(() => engine.dispose());

const task = layOut(
  Array.from({ length: 6 }, (_, i) => ({
    ids: Int32Array.of(i, 2 * i + 1, 7, i + 9),
    options: [Int32Array.of(3), Int32Array.of(5, i)],
    answer: i % 2,
  })),
  'mean',
  12,
);

async function ended<T>(work: AsyncGenerator<void, T, undefined>): Promise<T> {
  for (;;) {
    const next = await work.next();
    if (next.done) return next.value;
  }
}

async function fresh(): Promise<unknown> {
  const bench = new Workbench(engine, task);
  await ended(bench.open());
  const judged = await ended(bench.judge());
  bench.dispose();
  return judged;
}

it('accepted and rejected changes in early and late layers score as whole passes do', async () => {
  const bench = new Workbench(engine, task);
  const { modules, layers } = engine;
  expect(bench.batches).toBeGreaterThan(1);
  await ended(bench.open());
  const of = (layer: number, nth: number) =>
    elementAt(
      modules.filter((m) => m.layer === layer),
      nth,
    );
  // [layer, module in the layer, accepted]
  for (const [layer, nth, accepted] of [
    [layers - 1, 0, true],
    [0, 1, false],
    [0, 2, true],
    [layers - 1, 3, false],
    [layers - 1, 4, true],
    [0, 5, true],
    [0, 0, false],
  ] as const) {
    const { index } = of(layer, nth);
    const own = engine.materialiseWeight(index);
    await engine.setWeight(
      index,
      own.map((v, i) => (i % 3 === 0 ? -v : v)),
    );
    expect(await ended(bench.judge(layer))).toEqual(await fresh());
    if (accepted) bench.settle(layer);
    else await engine.setWeight(index, own);
  }
  expect(await ended(bench.judge())).toEqual(await fresh());
  for (const { index } of modules) await engine.setWeight(index, null);
  bench.settle(0);
  await ended(bench.refresh());
  expect(await ended(bench.judge())).toEqual(await fresh());
  bench.dispose();
});
