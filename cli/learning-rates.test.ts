/**
 * Tests `rank-atlas experiment learning-rates`: its files, resuming after an interruption, and its
 * page.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { defined, elementAt } from '../src/checked.ts';
import { cli, set } from '../test/cli.ts';
import { learningRatesReport } from './learning-rates-report.ts';
import type { LearningRates } from './learning-rates.ts';

const folder = mkdtempSync(join(tmpdir(), 'rank-atlas-rates-'));
const file = join(folder, 'learning-rates.json');
const part = join(folder, 'learning-rates.part.json');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tiny = set([
  'training.steps=2',
  'training.batch=1',
  'training.length=8',
  'training.heldSequences=1',
  'race.sequences=1',
  'race.seeds=3',
  'race.entries=["spectrum","uniform"]',
]);
const read = () => JSON.parse(readFileSync(file, 'utf8')) as LearningRates;
const run = () => cli('experiment', 'learning-rates', ...tiny, '--threads', '1', '--out', folder);

describe('rank-atlas experiment learning-rates', { timeout: 900_000 }, () => {
  it('races at every rate, on both texts, and resumes from a truncated run', async () => {
    expect(await run()).toMatchObject({ code: 0 });
    const whole = read();
    expect(whole.cells.map((c) => [c.set, c.long, c.learningRate])).toEqual([
      ...[false, true].flatMap((long) =>
        ['opticks', 'jargon'].flatMap((text) =>
          (long ? [0.008, 0.012] : [0.004, 0.008, 0.012, 0.016, 0.03]).map((rate) => [
            text,
            long,
            rate,
          ]),
        ),
      ),
    ]);
    for (const {
      learningRate,
      set: text,
      result: {
        spec: { training },
      },
    } of whole.cells)
      expect(training).toMatchObject({
        learningRate,
        train: { id: `${text}-train` },
        held: { id: `${text}-eval` },
      });
    expect([whole.missing, existsSync(part)]).toEqual([[], false]);

    // Interrupted in the tenth race after its first seed. That seed and all earlier races must be
    // reused unchanged.
    const cells = structuredClone(whole.cells.slice(0, 10));
    const { lanes, ...rest } = defined(cells.pop()).result;
    const first = lanes.slice(0, 2);
    elementAt(elementAt(elementAt(cells, 0).result.lanes, 0).points, -1).loss = 7;
    elementAt(elementAt(first, 0).points, -1).loss = 8;
    writeFileSync(
      file,
      JSON.stringify({
        ...whole,
        cells,
        missing: [{ set: 'jargon', steps: 2, learningRate: 0.03 }],
      }),
    );
    writeFileSync(part, JSON.stringify({ ...rest, measuring: null, result: null, lanes: first }));
    expect(await run()).toMatchObject({ code: 0 });
    const again = read();
    const ends = ({ cells }: LearningRates) =>
      cells.map((c) => c.result.lanes.map((l) => elementAt(l.points, -1).loss));
    const expected = ends(whole);
    elementAt(expected, 0)[0] = 7;
    elementAt(expected, 9)[0] = 8;
    expect(ends(again)).toEqual(expected);
    expect(existsSync(part)).toBe(false);
    expect(readFileSync(join(folder, 'learning-rates.md'), 'utf8')).toBe(
      learningRatesReport(again),
    );
  });

  it.each([
    ['a rate of its own', ['training.learningRate=0.1']],
    ['two mean ranks', ['race.meanRanks=[1,2]']],
    ['too few seeds for intervals', ['race.seeds=2']],
    ['no uniform', ['race.entries=["spectrum","random"]']],
  ])('refuses %s in a sentence', async (_, settings) => {
    const { code, out, err } = await cli(
      'experiment',
      'learning-rates',
      ...set(settings),
      '--out',
      folder,
    );
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^rank-atlas: .*learning-rates sets the learning rates itself.*[.)]$/m);
  });
});

describe('its page', () => {
  /**
   * Three seeds on one text at two rates. At the first rate the left entry is lower by `gaps`; at
   * the second, uniform is best.
   */
  function raw(): LearningRates {
    const cell = (learningRate: number, losses: Record<string, number[]>) => ({
      set: 'opticks',
      long: false,
      learningRate,
      result: {
        base: 5,
        modules: ['a', 'b'],
        model: { title: 'M' },
        provider: { kind: 'wasm', threads: 1 },
        versions: { rankAtlas: '0', onnxruntime: '0' },
        spec: {
          seed: 1,
          race: { entries: Object.keys(losses), meanRanks: [1], seeds: 3, equal: 'parameters' },
          training: {
            steps: 30,
            batch: 4,
            length: 32,
            decay: 'constant',
            warmup: 0.03,
            maxNorm: 0.3,
          },
        },
        lanes: Object.entries(losses).flatMap(([entry, values]) =>
          values.map((loss, i) => ({
            entry,
            meanRank: 1,
            seed: 1 + i,
            ranks: entry === 'uniform' ? [1, 1] : [2, 0],
            points: [
              { step: 0, loss: 5 },
              { step: 30, loss },
            ],
            finished: true,
          })),
        ),
      },
    });
    return {
      format: 'rank-atlas-learning-rates',
      version: 1,
      command: 'C',
      missing: [{ set: 'jargon', steps: 200, learningRate: 0.01 }],
      cells: [
        cell(0.01, { adarank: [3.1, 4.1, 5.1], uniform: [3.2, 4.21, 5.19] }),
        cell(0.02, { adarank: [3.0, 4.02, 5.01], uniform: [2.9, 3.9, 4.9] }),
      ],
    } as unknown as LearningRates;
  }
  const page = learningRatesReport(raw());

  it('lists each entry at its own best rate', () => {
    // −0.1, −0.11, −0.09: mean −0.1, half-width 4.303 · 0.01/√3 = 0.025; at the best rates +0.1,
    // +0.12, +0.11.
    expect(page).toContain('**Against uniform, each at its own best rate: above: AdaRank.**');
    expect(page).toContain('| AdaRank | 0.02 | 4.010 | **+0.110 [+0.085, +0.135]** |');
    expect(page).toContain(
      '| AdaRank | **−0.100 [−0.125, −0.075]** | **+0.110 [+0.085, +0.135]** |',
    );
    expect(page).toContain('* AdaRank against uniform: below at 0.01; above at 0.02.');
    expect(page).toContain(
      'Changing only the rate, from 0.01 to 0.02, changes the loss of uniform by −0.300 [−0.325, −0.275].',
    );
  });

  it('reports how many modules get no adapter, and that a run is incomplete', () => {
    expect(page).toContain('Modules with rank 0, of 2: AdaRank 1, uniform 0.');
    expect(page).toContain(
      '**The run is incomplete.** Not measured: 200 steps on the Jargon File at 0.01.',
    );
  });
});
