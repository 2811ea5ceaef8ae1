/** The race's words in English. The command line prints the same sentences. */
import type { RaceEntry } from './entries.ts';
import { entryWords } from './entry-words.ts';
import type { TwoRules } from './map-spend.ts';
import type { SweepVerdict, Verdict } from './ranking.ts';
import { numbers } from '../../language/numbers.ts';

const n = numbers('en');

const { names, about } = entryWords('en');
const atStart = (entry: RaceEntry) => names[entry].replace(/^./, (c) => c.toUpperCase());
const list = (entries: readonly RaceEntry[]) =>
  entries
    .map((e, i) => (i === 0 ? atStart(e) : names[e]))
    .join(', ')
    .replace(/, ([^,]*)$/, ' and $1');
const inner = (entries: readonly RaceEntry[]) =>
  entries
    .map((e) => names[e])
    .join(', ')
    .replace(/, ([^,]*)$/, ' and $1');
type Better = Extract<Verdict, { kind: 'better' }>;
/** Which of the entries lower than uniform differ significantly from each other. */
const pairs = ({ entries, differing }: Better): string => {
  if (entries.length < 2) return '';
  if (differing.length === 0)
    return entries.length > 2
      ? ' Of these, no two differ significantly.'
      : ' These two do not differ significantly.';
  const each = entries.flatMap((e) =>
    differing.some(([a]) => a === e)
      ? [
          `${names[e]} is significantly lower than ${inner(differing.flatMap(([a, b]) => (a === e ? [b] : [])))}`,
        ]
      : [],
  );
  const all = differing.length === (entries.length * (entries.length - 1)) / 2;
  return ` Of these, ${each.join('; ')}${all ? '' : '; no other two differ significantly'}.`;
};
const nats = (v: number) => n.fixed(v, 3);
const and = (words: readonly string[]) => words.join(', ').replace(/, ([^,]*)$/, ' and $1');
const budgets = (meanRanks: readonly number[]) =>
  `mean rank${meanRanks.length > 1 ? 's' : ''} ${and(meanRanks.map(n.short))}`;

export const raceEn = {
  names,
  about,
  titleAt: (rank: number) => `What the ranks gain at mean rank ${n.short(rank)}`,
  sweepTitle: 'When does it matter?',
  /** Below the title: the budget and the texts. `budget`: of one adapter; null for a sweep. */
  covers: (a: {
    budget: number | null;
    equal: 'parameters' | 'ranks';
    meanRanks: readonly number[];
    train: string;
    held: string;
  }) =>
    `${a.budget === null ? `Mean ranks ${and(a.meanRanks.map(n.short))}, equal ${a.equal}` : `Budget of each adapter: ${n.whole(a.budget)} ${a.equal}`}. Trained on ${a.train}, evaluated on ${a.held}.`,
  /** Why the map's ranks at this mean rank are not those of the race. */
  twoRules: ({ entry, meanRank, rounding, map, race }: TwoRules) =>
    `Two budget rules: at mean rank ${n.short(meanRank)} the map ${rounding === 'floor' ? 'rounds down and ' : ''}gives ${names[entry]} ${n.whole(map.ranks)} rank${map.ranks === 1 ? '' : 's'} (${n.whole(map.parameters)} parameters); the race spends its whole budget and gives it ${n.whole(race.ranks)} (${n.whole(race.parameters)}).`,
  /** Which other settings of the page the race does not use. */
  mapSettings: (meanRank: number, text: string) =>
    `The mean rank ${n.short(meanRank)} of the form is the map’s; the methods of the map are measured on ${text}.`,
  empty: 'Nothing trained yet.',
  emptyNote: (entries: number, runs: number) =>
    `Play trains ${n.whole(entries)} allocations on one budget${runs > entries ? `, ${n.whole(runs)} runs in all` : ''}.`,
  unit: 'held-out loss, nats per token',
  stepAxis: 'training step',
  rankAxis: 'mean rank',
  seedColumn: 'seed',
  meanLine: 'mean',
  /** The finding once all runs have finished; `null` before. */
  finding: (v: Verdict): string | null => {
    switch (v.kind) {
      case 'open':
        return null;
      case 'few':
        // Two entries may have been given the same ranks.
        if (nats(v.margin) === nats(0))
          return `${atStart(v.lowest)} and ${names[v.next]} end with the same loss to 0.001 nats.`;
        return `${atStart(v.lowest)} ends lowest, ${nats(v.margin)} nats below ${names[v.next]}.`;
      case 'winner':
        return `${atStart(v.entry)} wins: ${nats(v.lead.mean)} nats below ${names[v.next]}.`;
      case 'better':
        return `${list(v.entries)} ${v.entries.length > 1 ? 'are' : 'is'} significantly lower than uniform; no entry is significantly lower than all others.${pairs(v)}${v.likeRandom.length > 0 ? ` Not significantly lower than random: ${inner(v.likeRandom)}.` : ''}`;
      case 'none':
        return 'No entry is significantly lower than uniform.';
    }
  },
  noneWithoutUniform: 'No entry is significantly lower than all others.',
  sure: (v: Verdict, seeds: number): string => {
    switch (v.kind) {
      case 'few':
        return 'Run 3 seeds before you trust the difference.';
      case 'winner':
        return `95 % interval of its lead: ${nats(v.lead.low)} to ${nats(v.lead.high)}, over ${n.whole(seeds)} seeds.`;
      default:
        return `95 % intervals of the differences, seed by seed, over ${n.whole(seeds)} seeds.`;
    }
  },
  /** Shown next to every finding. */
  oneRate:
    'At this learning rate only. More rank for important modules acts like a higher rate; at another rate another entry may win.',
  running: 'The finding appears at the end.',
  interrupted: 'The race is incomplete.',
  progress: {
    measuring: (entry: RaceEntry, done: number, of: number) =>
      `Measuring ${names[entry]}, ${n.whole(done)} of ${n.whole(of)}.`,
    training: (through: number, of: number, step: number, steps: number) =>
      `${n.whole(through)} of ${n.whole(of)} runs done; step ${n.whole(step)} of ${n.whole(steps)}.`,
  },
  /** The answer of a sweep: at which budgets the allocations differ; null before the end. */
  sweepFinding: (v: SweepVerdict): string | null => {
    switch (v.kind) {
      case 'open':
        return null;
      case 'few':
        return `Without intervals, no budget can be named at which the allocations differ. Largest range of losses: ${nats(v.widest.range)} nats, at mean rank ${n.short(v.widest.meanRank)}.`;
      case 'found': {
        const [first, ...more] = v.budgets.filter((b) => b.apart.length > 0);
        const alike = v.budgets.filter((b) => b.apart.length === 0).map((b) => b.meanRank);
        if (!first)
          return `At ${budgets(alike)} no allocation differs significantly from ${names[v.reference]}.`;
        return `The allocations differ from ${names[v.reference]} at ${[first, ...more].map((b) => `mean rank ${n.short(b.meanRank)} (${b.apart.map((x) => `${names[x.entry]} ${n.signed(x.difference.mean, 3)}`).join(', ')})`).join('; at ')}. ${alike.length === 0 ? 'There is such a difference at every budget.' : `At ${budgets(alike)} none differs significantly.`}`;
      }
    }
  },
  /** What the answer of a sweep rests on. */
  sweepSure: (v: SweepVerdict, seeds: number): string | null =>
    v.kind === 'open'
      ? null
      : v.kind === 'few'
        ? `${seeds === 1 ? 'One seed has' : `${n.whole(seeds)} seeds have`} no 95 % interval. Run 3 seeds.`
        : `The bars are 95 % t-intervals of the difference to ${names[v.reference]}, paired by seed, over ${n.whole(seeds)} seeds; not corrected for ${n.whole(v.intervals)} comparisons.`,
  run3: 'Run 3 seeds',
  minusUnit: (entry: RaceEntry) => `held-out loss minus that of ${names[entry]}, nats per token`,
  sweepColumns: { loss: 'loss', low: '95 % low', high: '95 % high' },
  columns: {
    entry: 'ranks by',
    ranks: 'ranks',
    parameters: 'params',
    loss: 'loss',
    difference: 'to uniform',
    time: 'time',
  },
  timeNote: 'Training time of one seed.',
  measured: (each: readonly string[]) => `Measured: ${each.join(', ')}.`,
  measuredIn: (entry: RaceEntry, seconds: string) => `${names[entry]} in ${seconds}`,
  fromMap: (entries: readonly RaceEntry[]) =>
    `From the map: ${entries.map((e) => names[e]).join(', ')}.`,
  bytes: (v: number) => `${n.fixed(v / 1e3, 0)} kB`,
  apart: (share: number) =>
    `Their parameters differ by ${n.fixed(100 * share, 1)} %, so the budgets are not equal.`,
  match: 'Match parameters',
  stopped: (entry: RaceEntry, seed: number, step: number, rate: number) =>
    `${atStart(entry)}, seed ${n.whole(seed)}: the loss was not finite at step ${n.whole(step)}. The run stops at its last good step. Lower the learning rate (${rate}) or the max gradient norm.`,
  base: (loss: number) => `Without an adapter: ${n.fixed(loss, 3)}.`,
  settings: {
    entries: 'Entries',
    seeds: 'Seeds',
    equal: 'Equal budget in',
    parameters: 'parameters',
    ranks: 'ranks',
    meanRanks: 'Mean ranks',
    meanRanksHint: 'One, or several for a sweep: 1, 2, 4, 8.',
    sequences: 'Calibration sequences',
  },
  allBudgets: 'All budgets',
  weigh: (low: number, high: number) =>
    `An adapter takes ${n.whole(low / 1e3)}${Math.round(high / 1e3) > Math.round(low / 1e3) ? ` to ${n.whole(high / 1e3)}` : ''} kB.`,
  tableName: 'Standings',
};
