/**
 * The possible entries of a race: every importance method (`methods/importance/registry.ts`), and
 * the entries below, which follow from no importance method.
 */
import type { TokenBatch } from '../../engine/engine.ts';
import type { Language } from '../../language/language.ts';
import type { MethodWords } from '../../methods/importance/contract.ts';
import {
  IMPORTANCES,
  importanceWords,
  type ImportanceName,
  type MethodName,
} from '../../methods/importance/registry.ts';
import type { StudyContext } from '../context.ts';
import type { Measuring } from './measure.ts';

/** `known`: the importances of the entry's `of` if they are already measured. */
export type OtherEntryCode = (
  context: StudyContext,
  given: { batch: TokenBatch; known: number[] | null },
) => Measuring;

export interface OtherEntry {
  /** The method it follows in lists; null: it comes last. */
  after: ImportanceName | null;
  /** The map's method from whose importances it is computed. */
  of?: MethodName;
  words: Record<Language, MethodWords>;
  /** Loads at its first use. */
  code(): Promise<OtherEntryCode>;
}

const registered = {
  uniform: {
    after: 'adarank',
    words: {
      en: { name: 'uniform', about: 'The same rank everywhere.' },
      ja: { name: '均等', about: '全モジュールに同じランク。' },
    },
    code: async () => (await import('./other-entries.ts')).uniform,
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
    code: async () => (await import('./other-entries.ts')).random,
  },
  inverse: {
    after: 'adarank',
    of: 'adarank',
    words: {
      en: { name: 'inverse', about: 'AdaRank inverted: a control.' },
      ja: { name: '逆順', about: 'AdaRank の順序を逆にした対照。' },
    },
    code: async () => (await import('./other-entries.ts')).inverse,
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
    code: async () => (await import('./other-entries.ts')).evaUniform,
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
    code: async () => (await import('./other-entries.ts')).imported,
  },
} satisfies Record<string, OtherEntry>;

export type OtherEntryName = keyof typeof registered;
export type RaceEntry = ImportanceName | OtherEntryName;

export const otherEntries: Readonly<Record<OtherEntryName, OtherEntry>> = registered;
export const OTHER_ENTRIES = Object.keys(registered) as OtherEntryName[];

export const isOtherEntry = (entry: RaceEntry): entry is OtherEntryName =>
  Object.hasOwn(registered, entry);

const behind = (method: ImportanceName | null) =>
  OTHER_ENTRIES.filter((name) => otherEntries[name].after === method);

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
  isOtherEntry(entry) ? otherEntries[entry].of : entry;

/** Names and descriptions of all entries in one language. */
export function entryWords(language: Language): { names: EntryWords; about: EntryWords } {
  const words = RACE_ENTRIES.map((entry) => {
    const words = isOtherEntry(entry) ? otherEntries[entry].words : importanceWords[entry];
    const { name, about } = words[language];
    return { entry, name, about };
  });
  return {
    names: Object.fromEntries(words.map(({ entry, name }) => [entry, name])) as EntryWords,
    about: Object.fromEntries(words.map(({ entry, about }) => [entry, about])) as EntryWords,
  };
}

type EntryWords = Record<RaceEntry, string>;
