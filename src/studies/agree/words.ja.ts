/** The agreement study's words in Japanese, typed by `words.en.ts`. */
import type { AgreeWords } from './words.en.ts';
import { numbers } from '../../language/numbers.ts';
import { spaced } from '../../language/spaced.ts';
import { raceJa } from '../race/words.ja.ts';

const n = numbers('ja');
const { names } = raceJa;
const rho = (v: number) => n.fixed(v, Math.abs(v) > 0.995 && Math.abs(v) < 1 ? 3 : 2);

export const agreeJa: AgreeWords = {
  title: '手法は一致するか',
  empty: 'まだ比較していません。',
  emptyNote: (methods) =>
    `「実行」を押すと、${n.whole(methods)}通りの手法で全モジュールを測定します。`,
  running: '結論は完了後に表示されます。',
  interrupted: 'まだ実行していない手法があります。',
  doing: (name, done, of) =>
    spaced(`${name}で測定中${of > 1 ? `（${n.whole(done)} / ${n.whole(of)}）` : ''}`),
  finding: ({ reference, closest, farthest }) =>
    spaced(
      closest.method === farthest.method
        ? `${names[closest.method]}と${names[reference]}の順位相関は ${rho(closest.rho)} です。`
        : `${names[reference]}との順位相関は、${names[closest.method]}が最大（${rho(closest.rho)}）、${names[farthest.method]}が最小（${rho(farthest.rho)}）です。`,
    ),
  sure: ({ chance }) => `無関係な順位どうしでも、20回に1回は ±${rho(chance)} を超えます。`,
  noOrder: '比較できる手法の組がありません。全モジュールに同じ値を与える手法があります。',
  unit: (end) => `濃さの目盛りはマップと共通：重要度の平均比（0〜${n.whole(end)}）`,
  matrix: 'スピアマンの順位相関',
  matrixUnit: (modules) => `${n.whole(modules)}モジュールの重要度（1：同じ順位、−1：逆の順位）`,
  rho,
  columns: { module: 'モジュール', layer: '層', role: '種類', method: '手法', time: '秒' },
  cell: (layer, role, value) => `第${layer}層 ${role}：平均の${n.fixed(value, 2)}倍`,
  pair: (a, b, value) => spaced(`${a}と${b}：${value}`),
  times:
    '時間はこのデバイスでの値。マップと同じ手法の時間は、マップの測定時間です。EVA は重要度ではなくランクを出力するため、平均ランク8でのランクを使います。',
  methods: '比べる手法',
  settings: '設定',
};
