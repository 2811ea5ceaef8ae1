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
    about: 'モジュールを揺らしたときに予測が離れる大きさでランクを配ります。',
    what: '各モジュールを揺らし、予測を比べます。',
    pace: '最も遅い',
    ranges: '',
    sure: null,
    reckoned: null,
    fields: {
      variant: {
        label: '比べるもの',
        why: '論文は重みを2回揺らして互いに比べ、公開ノートブックは元の出力と比べます。',
        options: { 'two-draws': '揺らした2つ', clean: '揺らしたものと元' },
      },
      repeats: { label: '反復' },
      vocabularySample: { label: '語彙の標本 (0 = すべて)' },
    },
  },
};
