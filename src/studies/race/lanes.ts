/**
 * The possible entries of a race: every importance method (`methods/importance/registry.ts`), and
 * the entries below, which follow from no importance method.
 */
import type { TokenBatch } from '../../engine/engine.ts';
import type { Language } from '../../language/language.ts';
import type { MethodWords } from '../../methods/importance/contract.ts';
import {
  importanceOf,
  IMPORTANCES,
  type ImportanceName,
  type MethodName,
} from '../../methods/importance/registry.ts';
import type { StudyContext } from '../context.ts';
import type { Measuring } from './measure.ts';

/** `known`: the importances of the entry's `of` if they are already measured. */
export type LaneCode = (
  context: StudyContext,
  given: { batch: TokenBatch; known: number[] | null },
) => Measuring;

export interface Lane {
  /** The method it follows in lists; null: it comes last. */
  after: ImportanceName | null;
  /** The map's method from whose importances it is computed. */
  of?: MethodName;
  words: Record<Language, MethodWords>;
  /** Loads at its first use. */
  code(): Promise<LaneCode>;
}

const registered = {
  uniform: {
    after: 'adarank',
    words: {
      en: { name: 'uniform', about: 'The same rank everywhere.' },
      ja: { name: '均等', about: '全モジュールに同じランク。' },
    },
    code: async () => (await import('./lane-code.ts')).uniform,
  },
  random: {
    after: 'adarank',
    words: {
      en: {
        name: 'random',
        about: 'A random split of the budget, different for each seed.',
      },
      ja: { name: 'ランダム', about: '予算をランダムに割り当てます。シードごとに変わります。' },
    },
    code: async () => (await import('./lane-code.ts')).random,
  },
  inverse: {
    after: 'adarank',
    of: 'adarank',
    words: {
      en: { name: 'inverse', about: 'AdaRank inverted: a control.' },
      ja: { name: '逆順', about: 'AdaRank の順序を逆にした対照。' },
    },
    code: async () => (await import('./lane-code.ts')).inverse,
  },
  /**
   * Uniform ranks with EVA's initial `A`. It differs from `uniform` only in the initialisation and
   * from `eva` only in the ranks.
   */
  'eva-uniform': {
    after: 'eva',
    words: {
      en: {
        name: 'EVA at uniform ranks',
        about: 'The same rank everywhere, with EVA’s initial A: a control.',
      },
      ja: {
        name: '均等ランクの EVA',
        about: '全モジュールに同じランクを割り当て、A だけを EVA の方法で初期化する対照。',
      },
    },
    code: async () => (await import('./lane-code.ts')).evaUniform,
  },
  /**
   * The imported adapter at its own ranks, whatever their budget; training continues from its
   * values.
   */
  imported: {
    after: null,
    words: {
      en: {
        name: 'imported',
        about: 'The imported adapter at its own ranks, trained further from its own values.',
      },
      ja: {
        name: 'インポート',
        about: 'インポートしたアダプターを、元のランクのまま追加学習します。',
      },
    },
    code: async () => (await import('./lane-code.ts')).imported,
  },
} satisfies Record<string, Lane>;

export type LaneName = keyof typeof registered;
export type RaceEntry = ImportanceName | LaneName;

export const lanes: Readonly<Record<LaneName, Lane>> = registered;
export const LANES = Object.keys(registered) as LaneName[];

export const isLane = (entry: RaceEntry): entry is LaneName => Object.hasOwn(registered, entry);

const behind = (method: ImportanceName | null) =>
  LANES.filter((name) => lanes[name].after === method);

/** All entries, in the order of lists. */
export const RACE_ENTRIES = [
  ...IMPORTANCES.flatMap((name): RaceEntry[] => [name, ...behind(name)]),
  ...behind(null),
] as [RaceEntry, ...RaceEntry[]];

/**
 * The map's method from whose importances an entry is computed; for an importance method, the entry
 * itself.
 */
export const partOf = (entry: RaceEntry): RaceEntry | undefined =>
  isLane(entry) ? lanes[entry].of : entry;

/** Names and descriptions of all entries in one language. */
export function entryWords(language: Language): { names: EntryWords; about: EntryWords } {
  const words = RACE_ENTRIES.map((entry) => {
    const { name, about } = (isLane(entry) ? lanes[entry] : importanceOf(entry)).words[language];
    return { entry, name, about };
  });
  return {
    names: Object.fromEntries(words.map(({ entry, name }) => [entry, name])) as EntryWords,
    about: Object.fromEntries(words.map(({ entry, about }) => [entry, about])) as EntryWords,
  };
}

type EntryWords = Record<RaceEntry, string>;
