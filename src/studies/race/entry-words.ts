/** Names and descriptions of the entries of a race. */
import type { Language } from '../../language/language.ts';
import type { MethodWords } from '../../methods/importance/contract.ts';
import { importanceWords } from '../../methods/importance/registry.ts';
import { isOtherEntry, RACE_ENTRIES, type OtherEntryName, type RaceEntry } from './entries.ts';

/** Those of the entries that follow from no importance method. */
const otherWords: Record<OtherEntryName, Record<Language, MethodWords>> = {
  uniform: {
    en: { name: 'uniform', about: 'The same rank everywhere.' },
    ja: { name: '均等', about: '全モジュールに同じランク。' },
  },
  random: {
    en: {
      name: 'random',
      about: 'A random split of the budget, different for each seed.',
    },
    ja: { name: 'ランダム', about: '予算をランダムに割り当てます。シードごとに変わります。' },
  },
  inverse: {
    en: { name: 'inverse', about: 'AdaRank inverted: a control.' },
    ja: { name: '逆順', about: 'AdaRank の順序を逆にした対照。' },
  },
  'eva-uniform': {
    en: {
      name: 'EVA at uniform ranks',
      about: 'The same rank everywhere, with EVA’s initial A: a control.',
    },
    ja: {
      name: '均等ランクの EVA',
      about: '全モジュールに同じランクを割り当て、A だけを EVA の方法で初期化する対照。',
    },
  },
  imported: {
    en: {
      name: 'imported',
      about: 'The imported adapter at its own ranks, trained further from its own values.',
    },
    ja: {
      name: 'インポート',
      about: 'インポートしたアダプターを、元のランクのまま追加学習します。',
    },
  },
};

type EntryWords = Record<RaceEntry, string>;

/** Names and descriptions of all entries in one language. */
export function entryWords(language: Language): { names: EntryWords; about: EntryWords } {
  const words = RACE_ENTRIES.map((entry) => {
    const { name, about } = (isOtherEntry(entry) ? otherWords[entry] : importanceWords[entry])[
      language
    ];
    return { entry, name, about };
  });
  return {
    names: Object.fromEntries(words.map(({ entry, name }) => [entry, name])) as EntryWords,
    about: Object.fromEntries(words.map(({ entry, about }) => [entry, about])) as EntryWords,
  };
}
