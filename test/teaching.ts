/**
 * The exercises of docs/teaching.md: their experiments, and the facts that the lesson quotes in
 * bold. `teaching.test.ts` checks the links, `teaching.slow.test.ts` the facts.
 */
import { defined } from '../src/checked.ts';
import { parseSpec } from '../src/experiment/schema.ts';
import { rankTable, mappedBy } from '../src/studies/map/rank-table.ts';
import type { RunResult } from '../src/studies/map/result.ts';
import type { RaceResult } from '../src/studies/race/state.ts';
import type { ExperimentSpec } from '../src/studies/spec.ts';

/** Where `npm start` serves the page. */
export const ADDRESS = 'http://localhost:5173/';

export interface Exercise {
  /** The number of its section in the lesson. */
  number: number;
  spec: ExperimentSpec;
  /** What the result file of `rank-atlas run` says, as the lesson writes it. */
  facts(result: unknown): string[];
}

/** Spent ranks, settled ranks, modules without an adapter, some ranks, and the clean loss. */
function factsOfMap(value: unknown): string[] {
  const result = value as RunResult;
  const { rows, settled, allocation } = rankTable(mappedBy(result), result.spec.allocation);
  const rankOf = (path: string) =>
    defined(rows.find(({ module }) => module.path === `model.layers.${path}_proj`)).rank;
  return [
    defined(allocation).spent,
    defined(settled),
    rows.filter(({ rank }) => rank === 0).length,
    rankOf('0.mlp.down'),
    rankOf('1.mlp.up'),
    result.cleanLoss.toFixed(2),
  ].map(String);
}

/** The held-out loss of each entry after the last step, in nats per token. */
function factsOfRace(value: unknown): string[] {
  const { lanes } = value as RaceResult;
  return lanes.map(({ points }) => defined(points.at(-1)).loss.toFixed(2));
}

const race = (learningRate: number) => ({
  study: 'race',
  race: { entries: ['adarank', 'uniform'] },
  training: { steps: 30, learningRate },
});

export const exercises: readonly Exercise[] = [
  { number: 1, spec: parseSpec({}), facts: factsOfMap },
  { number: 2, spec: parseSpec({ allocation: { meanRank: 1 } }), facts: factsOfMap },
  { number: 3, spec: parseSpec({ method: { repeats: 10 } }), facts: factsOfMap },
  {
    number: 4,
    spec: parseSpec({ text: { kind: 'bundled', id: 'jargon-eval' } }),
    facts: factsOfMap,
  },
  { number: 5, spec: parseSpec(race(0.004)), facts: factsOfRace },
  { number: 6, spec: parseSpec(race(0.03)), facts: factsOfRace },
];

/** The text of an exercise, up to the next heading. */
export const sectionOf = (page: string, number: number): string =>
  new RegExp(`^## ${number}\\. [^]*?(?=^## |(?![^]))`, 'm').exec(page)?.[0] ?? '';

/** The numbers that a section quotes in bold. */
export const quotedIn = (section: string): string[] =>
  [...section.matchAll(/\*\*([\d.]+)\*\*/g)].map(([, number]) => defined(number));
