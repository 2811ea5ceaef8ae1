/** The agreement study's words in Japanese, typed by `words.en.ts`. */
import type { AgreeWords } from './words.en.ts';
import { numbers } from '../../language/numbers.ts';
import { raceJa } from '../race/words.ja.ts';

const n = numbers('ja');
const { names } = raceJa;
const rho = (v: number) => n.fixed(v, Math.abs(v) > 0.995 && Math.abs(v) < 1 ? 3 : 2);

export const agreeJa: AgreeWords = {
  title: '手法は一致する？',
  empty: 'まだ比べていません。',
  emptyNote: (methods) => `再生を押すと、${n.whole(methods)}通りの手法でモジュールを測ります。`,
  running: '結論は最後に表示されます。',
  interrupted: 'すべての手法は実行されていません。',
  doing: (name, done, of) =>
    of > 1 ? `${name}で測定中（${n.whole(done)} / ${n.whole(of)}）。` : `${name}で測定中。`,
  finding: ({ reference, closest, farthest }) =>
    closest.method === farthest.method
      ? `${names[closest.method]}と${names[reference]}の順序の一致は ${rho(closest.rho)}。`
      : `${names[reference]}に最も近いのは${names[closest.method]}（${rho(closest.rho)}）、最も遠いのは${names[farthest.method]}（${rho(farthest.rho)}）。`,
  sure: ({ chance }) => `互いに無関係な順序でも、20回に1回は ±${rho(chance)} を超えます。`,
  noOrder: '比べられる手法の組がありません。どのモジュールにも同じ値を与える手法があります。',
  unit: (end) => `濃さはマップと同じ：重要度（平均モジュール比）、0〜${n.whole(end)}`,
  matrix: 'Spearman 順位相関',
  matrixUnit: (modules) => `${n.whole(modules)}個の重要度。1：同じ順序、−1：逆の順序`,
  rho,
  columns: { module: 'モジュール', layer: '層', role: '種類', method: '手法', time: '秒' },
  cell: (layer, role, value) => `${layer}層 ${role}：平均の${n.fixed(value, 2)}倍`,
  pair: (a, b, value) => `${a}と${b}：${value}`,
  times:
    '時間はこの端末でのもの。マップと同じ手法の時間は、その測定の時間です。EVA は重要度ではなくランクを出すので、平均ランク8のときのランクで代えています。',
  methods: '比べる手法',
  settings: '設定',
};
