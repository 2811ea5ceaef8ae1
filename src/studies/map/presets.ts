/** Example measurements of the page. */
import type { Preset } from '../contract.ts';

export const mapPresets = {
  /** The default: late or early layers, attention or MLP? */
  where: {
    spec: {},
    en: { name: 'Where does rank go?', look: 'Look for: late or early, attention or MLP.' },
    ja: { name: 'ランクはどこへ行く？', look: '見どころ：前か後ろか、注意か MLP か。' },
  },
  /** The same measurement on a text the model was not trained on: which cells change? */
  text: {
    spec: { text: { kind: 'bundled', id: 'jargon-eval' } },
    en: {
      name: 'Does the text matter?',
      look: 'Look for: cells that differ between the two texts.',
    },
    ja: { name: 'テキストで変わる？', look: '見どころ：2つのテキストで動くマス。' },
  },
  /** The map from backward passes alone: does it agree with AdaRank's? */
  jacobian: {
    spec: { method: { name: 'jacobian' } },
    en: {
      name: 'Without perturbation?',
      look: 'Look for: AdaRank’s map, from eight backward passes.',
    },
    ja: { name: '揺らさずに測れる？', look: '見どころ：逆伝播8回で得る、AdaRank と同じマップ。' },
  },
  /** The same with one sampled repeat. */
  combined: {
    spec: { method: { name: 'combined' } },
    en: { name: 'With one repeat?', look: 'Look for: the map of three repeats, from one.' },
    ja: { name: '一度揺らせば足りる？', look: '見どころ：反復1回から得る、3回分のマップ。' },
  },
} satisfies Record<string, Preset>;
