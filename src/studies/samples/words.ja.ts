/** The samples study's words in Japanese. */
import { numbers } from '../../language/numbers.ts';
import type { samplesEn } from './words.en.ts';

const n = numbers('ja');

export const samplesJa = {
  title: '文章',
  prompt: '書き出し',
  empty: {
    alone: 'アダプターを学習すると、文章を比べられます。',
    pair: '一つの書き出しの続きを、二通りに。',
  },
  emptyNote: {
    alone: '再生を押すと、モデルだけで続きを書きます。',
    pair: '再生を押すと、アダプターなしとありで続きを書きます。',
  },
  alone: 'モデルだけの文章です。',
  aloneNote: 'アダプターを学習すると、文章を比べられます。',
  missing: (name: string) =>
    `アダプター「${name}」がここにありません。学習するか、別のものを選んでください。`,
  same: 'ここまで違いはありません。',
  sameToEnd: (tokens: number) =>
    `アダプターは、この ${n.whole(tokens)} トークンを一つも変えません。`,
  part: (token: number) =>
    token === 1 ? '最初のトークンで分かれます。' : `${n.whole(token)} 番目のトークンで分かれます。`,
  sampled: (temperature: number, seed: number) =>
    `温度 ${n.short(temperature)}、シード ${seed}。両方に同じ乱数を使っています。`,
  greedy: 'どちらも最も確率の高いトークンを選びます。',
  nf4: 'どちらも、このアダプターの学習に使った NF4 の重みの上で書いています。',
  float32: 'どちらも、このアダプターの学習に使った float32 の重みの上で書いています。',
  progress: (done: number, of: number) => `トークン ${n.whole(done)}／${n.whole(of)}。`,
  speed: (perSecond: number) => `毎秒 ${n.significant(perSecond)} トークン。`,
  by: { base: 'モデル', adapted: 'アダプターあり' },
  textOf: { base: 'モデルの文章（トークンごと）', adapted: 'アダプターありの文章（トークンごと）' },
  atRank: (name: string, rank: number) => `${name}、ランク ${n.whole(rank)}`,
  readBy: '確率と損失',
  sameToken: '適応後の文章でも同じ',
  token: (index: number, text: string) => `トークン ${n.whole(index)} ${text}`,
  ended: '文章の終わり',
  option: (text: string, own: string, other: string | null, by: 'base' | 'adapted') =>
    `${text}、${by === 'base' ? 'モデル' : 'アダプターあり'} ${own}${other === null ? '' : `、${by === 'base' ? 'アダプターあり' : 'モデル'} ${other}`}`,
  loss: { base: 'モデルの文章の損失', adapted: 'アダプターありの文章の損失' },
  unit: 'nat／トークン（書き出しは含みません）',
  probability: (p: number) => `${n.significant(100 * p)} %`,
  nats: (v: number) => n.fixed(v, 3),
  columns: {
    index: 'トークン',
    base: 'モデルの文章',
    adapted: 'アダプターありの文章',
    underModel: 'モデルでの確率',
    underAdapter: 'アダプターありの確率',
  },
  settings: {
    adapter: 'アダプター',
    tokens: 'トークン数',
    temperature: '温度',
    topP: '累積確率 p',
    rank: '使うランク',
    temperatureHint: '0：常に最も確率の高いトークン。',
  },
} satisfies typeof samplesEn;
