/** Example measurements of the page. */
import type { Preset } from '../contract.ts';

export const mapPresets = {
  /** The default: late or early layers, attention or MLP? */
  where: {
    spec: {},
    en: { name: 'Where does rank go?', look: 'Look for: late or early, attention or MLP.' },
    ja: {
      name: 'ランクはどこに必要？',
      look: '見どころ：入力側か出力側か、アテンションか MLP か。',
    },
  },
  /** The same measurement on a text the model was not trained on: which cells change? */
  text: {
    spec: { text: { kind: 'bundled', id: 'jargon-eval' } },
    en: {
      name: 'Does the text matter?',
      look: 'Look for: cells that differ between the two texts.',
    },
    ja: { name: 'テキストで変わる？', look: '見どころ：2つのテキストで値が変わるセル。' },
  },
  /** The map from backward passes alone: does it agree with AdaRank's? */
  jacobian: {
    spec: { method: { name: 'jacobian' } },
    en: {
      name: 'Without perturbation?',
      look: 'Look for: AdaRank’s map, from eight backward passes.',
    },
    ja: {
      name: '摂動なしで測れる？',
      look: '見どころ：8回の逆伝播で得られる、AdaRank と同じマップ。',
    },
  },
  /** The same with one sampled repeat. */
  combined: {
    spec: { method: { name: 'combined' } },
    en: { name: 'With one repeat?', look: 'Look for: the map of three repeats, from one.' },
    ja: {
      name: '反復1回で足りる？',
      look: '見どころ：反復1回から得られる、3回分に相当するマップ。',
    },
  },
} satisfies Record<string, Preset>;
