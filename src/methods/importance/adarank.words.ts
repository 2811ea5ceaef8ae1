/** The words for AdaRank on the page. */
import type { Language } from '../../language/language.ts';
import type { DrawsWords } from './contract.ts';

export const adarankWords: Record<
  Language,
  DrawsWords<'variant' | 'repeats' | 'vocabularySample'>
> = {
  en: {
    name: 'AdaRank',
    about: 'Ranks by the disagreement of the logits when a module is perturbed.',
    what: 'Perturbs each module and compares logits.',
    pace: 'slowest',
    ranges: '',
    sure: null,
    reckoned: null,
    fields: {
      variant: {
        label: 'Compare',
        why: 'The paper perturbs the weights twice and compares the two outputs. Its notebook compares with the clean output.',
        options: { 'two-draws': 'Two perturbed models', clean: 'Perturbed and clean' },
      },
      repeats: { label: 'Repeats' },
      vocabularySample: { label: 'Vocabulary sample (0 = all)' },
    },
  },
  ja: {
    name: 'AdaRank',
    about: 'モジュールに摂動を加えたときの予測の差に応じてランクを割り当てます。',
    what: '各モジュールに摂動を加え、予測を比べます。',
    pace: '最も遅い',
    ranges: '',
    sure: null,
    reckoned: null,
    fields: {
      variant: {
        label: '比較対象',
        why: '論文では摂動を加えた2つのモデルどうしを、著者のノートブックでは元のモデルと比べます。',
        options: { 'two-draws': '摂動あり2つ', clean: '摂動ありと元のモデル' },
      },
      repeats: { label: '反復回数' },
      vocabularySample: { label: '語彙のサンプル数（0：すべて）' },
    },
  },
};
