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
  /** The same measurement on a text the model was not trained on: which ranks change? */
  text: {
    spec: { text: { kind: 'bundled', id: 'jargon-eval' } },
    against: {},
    en: {
      name: 'Does the text matter?',
      look: 'Look for: ranks that differ between the two texts, compared at the end.',
    },
    ja: {
      name: 'テキストで変わる？',
      look: '見どころ：2つのテキストで変わるランク（最後に比較）。',
    },
  },
  /** The map from backward passes alone: does it agree with AdaRank's? */
  jacobian: {
    spec: { method: { name: 'jacobian' } },
    against: {},
    en: {
      name: 'Without perturbation?',
      look: 'Look for: ranks that differ from AdaRank’s, after eight backward passes.',
    },
    ja: {
      name: '摂動なしで測れる？',
      look: '見どころ：8回の逆伝播から求めたランクと AdaRank のランクの差。',
    },
  },
  /** The same with one sampled repeat. */
  combined: {
    spec: { method: { name: 'combined' } },
    against: {},
    en: {
      name: 'With one repeat?',
      look: 'Look for: ranks that differ from those of five repeats, after one.',
    },
    ja: {
      name: '反復1回で足りる？',
      look: '見どころ：反復1回で求めたランクと、反復5回のランクの差。',
    },
  },
} satisfies Record<string, Preset>;
