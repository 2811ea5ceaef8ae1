/** The samples study's words in Japanese. */
import { numbers } from '../../language/numbers.ts';
import type { samplesEn } from './words.en.ts';

const n = numbers('ja');

export const samplesJa = {
  title: '生成テキスト',
  prompt: 'プロンプト',
  empty: {
    alone: 'アダプターを学習すると、生成テキストを比較できます。',
    pair: '1つのプロンプトの続きを2通りに生成します。',
  },
  emptyNote: {
    alone: '「実行」を押すと、元のモデルだけで続きを生成します。',
    pair: '「実行」を押すと、アダプターなしとありで続きを生成します。',
  },
  alone: '元のモデルだけで生成しています。',
  aloneNote: 'アダプターを学習すると、生成テキストを比較できます。',
  missing: (name: string) =>
    `アダプター「${name}」がありません。学習するか、別のアダプターを選択してください。`,
  same: 'ここまで差はありません。',
  sameToEnd: (tokens: number) =>
    `アダプターの有無による差は、${n.whole(tokens)}トークンのどこにもありません。`,
  part: (token: number) =>
    token === 1
      ? '最初のトークンから異なります。'
      : `${n.whole(token)}番目のトークンから異なります。`,
  sampled: (temperature: number, seed: number) =>
    `温度 ${n.short(temperature)}、シード${seed}でサンプリング。乱数は両方で共通です。`,
  greedy: 'どちらも、最も確率の高いトークンを選択しています。',
  nf4: 'どちらも、アダプターの学習に使った NF4 の重みで生成しています。',
  float32: 'どちらも、アダプターの学習に使った float32 の重みで生成しています。',
  progress: (done: number, of: number) => `生成中（トークン ${n.whole(done)} / ${n.whole(of)}）`,
  speed: (perSecond: number) => `${n.significant(perSecond)} トークン/秒`,
  by: { base: '元のモデル', adapted: 'アダプターあり' },
  textOf: {
    base: '元のモデルの生成テキスト（トークンごと）',
    adapted: 'アダプターありの生成テキスト（トークンごと）',
  },
  atRank: (name: string, rank: number) => `${name}、ランク${n.whole(rank)}`,
  readBy: '確率と損失の基準',
  sameToken: 'アダプターありでも同じ',
  token: (index: number, text: string) => `トークン${n.whole(index)}：${text}`,
  ended: 'テキストの終わり',
  option: (text: string, own: string, other: string | null, by: 'base' | 'adapted') =>
    `${text}、${by === 'base' ? '元のモデル' : 'アダプターあり'} ${own}${other === null ? '' : `、${by === 'base' ? 'アダプターあり' : '元のモデル'} ${other}`}`,
  loss: { base: '元のモデルの生成テキストの損失', adapted: 'アダプターありの生成テキストの損失' },
  unit: 'nat/トークン（プロンプトを除く）',
  probability: (p: number) => `${n.significant(100 * p)} %`,
  nats: (v: number) => n.fixed(v, 3),
  columns: {
    index: 'トークン',
    base: '元のモデル',
    adapted: 'アダプターあり',
    underModel: '元のモデルでの確率',
    underAdapter: 'アダプターありでの確率',
  },
  settings: {
    adapter: 'アダプター',
    tokens: 'トークン数',
    temperature: '温度',
    topP: 'Top p',
    rank: '使うランク',
    temperatureHint: '0：常に最も確率の高いトークンを選択',
  },
} satisfies typeof samplesEn;
