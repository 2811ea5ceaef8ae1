/**
 * Writes the page of the learning-rate experiment. All of its numbers come from the raw results.
 */
import { defined, elementAt } from '../src/checked.ts';
import type { RaceEntry } from '../src/studies/race/entries.ts';
import { pairedDifferences, finals } from '../src/studies/race/ranking.ts';
import type { RaceResult } from '../src/studies/race/state.ts';
import { numbersOf } from '../src/language/numbers.ts';
import { interval95, type Interval } from '../src/methods/statistics.ts';
import { raceEn } from '../src/studies/race/words.en.ts';
import { SET_IDS, SETS, type SetId } from './experiment-sets.ts';
import { markdownTable } from './markdown.ts';
import type { Cell, LearningRates } from './learning-rates.ts';

const { names } = raceEn;

/** Three decimals with a sign and a real minus; no sign if they print as zero. */
const signed = (v: number): string => numbersOf('en').signed(v, 3);
/** A difference with its 95 % interval. */
export const shown = ({ mean, low, high }: Interval): string =>
  `${signed(mean)} [${signed(low)}, ${signed(high)}]`;
const marked = (v: Interval): string => (low(v) || high(v) ? `**${shown(v)}**` : shown(v));
const low = (v: Interval): boolean => v.high < 0;
const high = (v: Interval): boolean => v.low > 0;

/** Held-out losses of an entry by seed. */
const lossesOf = ({ lanes, spec }: RaceResult, entry: RaceEntry) =>
  finals(lanes, entry, spec.race.meanRanks[0]!);
const meanOf = (result: RaceResult, entry: RaceEntry): Interval =>
  defined(interval95([...lossesOf(result, entry).values()]));

/** `a` minus `b`, paired by seed. The two results may be from different races. */
export const between = (
  a: RaceResult,
  entryA: RaceEntry,
  b: RaceResult,
  entryB: RaceEntry,
): Interval => defined(interval95(pairedDifferences(lossesOf(a, entryA), lossesOf(b, entryB))));

/** The cell with the lowest mean loss of an entry. */
export const bestOf = (cells: readonly Cell[], entry: RaceEntry): Cell =>
  cells.reduce((best, cell) =>
    meanOf(cell.result, entry).mean < meanOf(best.result, entry).mean ? cell : best,
  );

/** The cells of one text and length, ordered by learning rate. */
export const cellsOf = ({ cells }: LearningRates, set: SetId, long = false): Cell[] =>
  cells.filter((c) => c.set === set && c.long === long);

/** The number of modules without an adapter, averaged over seeds. */
export function modulesAtZero({ lanes }: RaceResult, entry: RaceEntry, meanRank: number): number {
  const own = lanes.filter((l) => l.entry === entry && l.meanRank === meanRank);
  return own.reduce((sum, l) => sum + l.ranks.filter((r) => r === 0).length, 0) / own.length;
}

/** A sentence with the number of modules at rank 0 for every entry. */
export const zeroSentence = (result: RaceResult, meanRank: number): string =>
  `Modules with rank 0, of ${result.modules.length}: ${result.spec.race.entries.map((e) => `${names[e]} ${modulesAtZero(result, e, meanRank).toFixed(1).replace('.0', '')}`).join(', ')}.`;

export function learningRatesReport(file: LearningRates): string {
  const {
    spec: { race, training, seed },
    model,
    provider,
    versions,
    modules,
  } = elementAt(file.cells, 0).result;
  const sets = SET_IDS.filter((set) => cellsOf(file, set).length > 0);
  const lines = [
    '# The allocation at other learning rates',
    '',
    `Written by \`${file.command}\`. Every number on this page comes from that run. The raw results are in`,
    '[`learning-rates.json`](learning-rates.json). [race.md](../race.md) defines the allocations.',
    ...(file.missing.length > 0
      ? [
          '',
          `**The run is incomplete.** Not measured: ${file.missing.map((m) => `${m.steps} steps on ${SETS[m.set]} at ${m.learningRate}`).join(', ')}. The same command resumes it.`,
        ]
      : []),
    '',
    `Model ${model.title}, its ${modules.length} linear layers; mean rank ${race.meanRanks[0]}, equal ${race.equal}; ${training.steps} AdamW steps of ${training.batch} × ${training.length} tokens`,
    `(${training.decay} rate after a warm-up of ${100 * training.warmup} %, norm clipped at ${training.maxNorm}); scale s = 2 at every rank; seeds ${seed} to ${seed + race.seeds - 1}. Losses are those of held-out text, in`,
    'nats per token. Differences are paired by seed, with the 95 % t-interval over seeds in brackets. If the interval excludes zero, the difference',
    'is significant: it is bold, and called below or above. No interval is corrected for multiple comparisons: of twenty true zeros, about one is bold by chance.',
    `Rank Atlas ${versions.rankAtlas}, onnxruntime-web ${versions.onnxruntime}, ${provider.kind}, ${provider.threads} thread${provider.threads > 1 ? 's' : ''}.`,
    ...sets.flatMap((set) => textLines(SETS[set], cellsOf(file, set), cellsOf(file, set, true))),
    '',
    '## Ranks',
    '',
    zeroSentence(elementAt(file.cells, 0).result, race.meanRanks[0]!),
  ];
  return `${lines.join('\n')}\n`;
}

function textLines(title: string, cells: readonly Cell[], long: readonly Cell[]): string[] {
  const {
    base,
    spec: {
      race: { entries },
    },
  } = elementAt(cells, 0).result;
  const others = entries.filter((e) => e !== 'uniform');
  return [
    '',
    `## Trained on ${title}`,
    '',
    `Without an adapter: ${base.toFixed(3)}.`,
    '',
    '### Each at its own best rate',
    '',
    ...tuned(cells, entries),
    '',
    '### At every rate',
    '',
    'Loss:',
    '',
    ...byRate(cells, entries, (cell, e) => meanOf(cell.result, e).mean.toFixed(3)),
    '',
    'Difference from uniform at the same rate:',
    '',
    ...byRate(cells, others, (cell, e) => marked(between(cell.result, e, cell.result, 'uniform'))),
    '',
    ...others.map((e) => `* ${where(cells, e)}`),
    ...(entries.includes('random')
      ? [
          '',
          'Difference from random at the same rate:',
          '',
          ...byRate(
            cells,
            entries.filter((e) => e !== 'random'),
            (cell, e) => marked(between(cell.result, e, cell.result, 'random')),
          ),
        ]
      : []),
    ...(entries.includes('eva') && entries.includes('eva-uniform') ? evaLines(cells) : []),
    ...(long.length > 0 ? longLines(long) : []),
  ];
}

/**
 * Compares entries, each at its own best learning rate, with `uniform` (and `random`) at the best
 * rate of that one.
 */
function tuned(cells: readonly Cell[], entries: readonly RaceEntry[]): string[] {
  const against = (['uniform', 'random'] as const).filter((e) => entries.includes(e));
  const first = elementAt(cells, 0);
  const rows = entries.map((entry) => {
    const best = bestOf(cells, entry);
    return [
      names[entry],
      String(best.learningRate),
      meanOf(best.result, entry).mean.toFixed(3),
      ...against.map((e) =>
        e === entry ? '' : marked(between(best.result, entry, bestOf(cells, e).result, e)),
      ),
    ];
  });
  const best = bestOf(cells, 'uniform');
  const gain = between(best.result, 'uniform', first.result, 'uniform');
  const others = entries.filter((e) => e !== 'uniform');
  return [
    `**Against uniform, each at its own best rate: ${sided(
      others,
      (e) => between(bestOf(cells, e).result, e, best.result, 'uniform'),
      (e) => names[e],
      ': ',
    )}.**`,
    '',
    ...markdownTable([
      ['entry', 'best rate', 'loss', ...against.map((e) => `minus ${e} at its best`)],
      ...rows,
    ]),
    '',
    'The best rate of an entry has its lowest mean loss on the same held-out text. The intervals do not include that selection.',
    ...(best === first
      ? []
      : [
          `Changing only the rate, from ${first.learningRate} to ${best.learningRate}, changes the loss of uniform by ${shown(gain)}.`,
        ]),
  ];
}

function byRate(
  cells: readonly Cell[],
  entries: readonly RaceEntry[],
  cell: (cell: Cell, entry: RaceEntry) => string,
): string[] {
  return markdownTable([
    ['entry', ...cells.map((c) => String(c.learningRate))],
    ...entries.map((e) => [names[e], ...cells.map((c) => cell(c, e))]),
  ]);
}

/** Lists the learning rates at which an entry is below `uniform`, above it, or neither. */
function where(cells: readonly Cell[], entry: RaceEntry): string {
  return `${names[entry].replace(/^./, (c) => c.toUpperCase())} against uniform: ${sided(
    cells,
    (c) => between(c.result, entry, c.result, 'uniform'),
    (c) => String(c.learningRate),
    ' at ',
  )}.`;
}

/** Lists what is significantly below, significantly above, and neither. */
function sided<T>(
  all: readonly T[],
  of: (one: T) => Interval,
  name: (one: T) => string,
  joint: string,
): string {
  const listed = (side: string, holds: (v: Interval) => boolean) => {
    const which = all.filter((one) => holds(of(one))).map(name);
    return which.length > 0 ? [`${side}${joint}${which.join(', ')}`] : [];
  };
  return [
    ...listed('below', low),
    ...listed('above', high),
    ...listed('no significant difference', (v) => !low(v) && !high(v)),
  ].join('; ');
}

/** Splits EVA's difference into the parts due to its initial values and to its ranks. */
const evaLines = (cells: readonly Cell[]): string[] => [
  '',
  '### EVA: initialisation and ranks',
  '',
  ...markdownTable([
    ['', ...cells.map((c) => String(c.learningRate))],
    [
      'initialisation: EVA at uniform ranks minus uniform',
      ...cells.map(({ result }) => marked(between(result, 'eva-uniform', result, 'uniform'))),
    ],
    [
      'ranks: EVA minus EVA at uniform ranks',
      ...cells.map(({ result }) => marked(between(result, 'eva', result, 'eva-uniform'))),
    ],
  ]),
];

function longLines(cells: readonly Cell[]): string[] {
  const {
    race: { entries },
    training: { steps },
  } = elementAt(cells, 0).result.spec;
  const others = entries.filter((e) => e !== 'uniform');
  return [
    '',
    `### ${steps} steps`,
    '',
    'Loss:',
    '',
    ...byRate(cells, entries, (cell, e) => meanOf(cell.result, e).mean.toFixed(3)),
    '',
    'Difference from uniform at the same rate:',
    '',
    ...byRate(cells, others, (cell, e) => marked(between(cell.result, e, cell.result, 'uniform'))),
  ];
}
