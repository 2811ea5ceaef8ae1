/** The compress study's words in Japanese, typed by `words.en.ts`. */
import type { Agreement } from './state.ts';
import { wayOf } from './verdict.ts';
import type { CompressWords } from './words.en.ts';
import { numbers } from '../../language/numbers.ts';

const n = numbers('ja');
const percent = (share: number) => `${n.fixed(100 * share, 1)} %`;
const nats = (v: number) => n.fixed(v, 3);
const points = (share: number) => n.signed(100 * share, 1);
const fromTo = (before: string, after: string) =>
  before === after ? `${before}（変化なし）` : `${before} → ${after}`;
/** 有意な変化だけを「上がりました」「下がりました」とする。 */
const moved = (before: string, after: string, way: -1 | 0 | 1) =>
  before === after
    ? `${before} のままです`
    : way === 0
      ? `${before} から ${after} で、有意差はありません`
      : `${before} から ${after} に${way > 0 ? '上がりました' : '下がりました'}`;
const agreement = ({ pearson, spearman }: Agreement) =>
  `r = ${n.fixed(pearson, 2)}、スピアマンの ρ = ${n.fixed(spearman, 2)}`;

export const compressJa: CompressWords = {
  spectrumTitle: '各特異成分の寄与',
  scatterTitle: '予測と実測',
  views: { label: 'グラフ', spectrum: '特異成分', scatter: '予測' },
  empty: '1回の逆伝播で、すべての特異成分を順位付けします。',
  emptyNote: '続いて、上位の候補を実際に除去して評価します。',
  running: '結論は完了後に表示されます。',
  interrupted: '探索は完了していません。',
  phase: (phase, done, of, left) =>
    `${
      {
        svd: '重みを分解中',
        samples: 'サンプルを評価中',
        gradients: '逆伝播を計算中',
        checks: '小さな除去を実測中',
        scan: '除去を試行中',
        test: 'テスト用サンプルを評価中',
        plain: '一般テキストで評価中',
        text: 'テキストを生成中',
        laser: 'LASER の探索を実行中',
      }[phase]
    }（${n.whole(done)} / ${n.whole(of)}${left === null ? '' : `、残り約${left}`}）`,
  finding: ({ steps, before, after, kind, plainChange }) =>
    kind === 'none'
      ? '除去した成分はありません。どの候補を除去しても、選択用サンプルの成績は改善しませんでした。'
      : `${n.whole(steps)}か所の除去後、正答率は ${moved(percent(before.accuracy), percent(after.accuracy), kind === 'helped' ? 1 : kind === 'cost' ? -1 : 0)}。一般テキストの損失（nat）は ${moved(nats(before.plain), nats(after.plain), wayOf(plainChange))}。`,
  undone: 'すべての除去を元に戻しました。',
  sure: ({ change, kind }, samples) =>
    change === null || kind === 'none'
      ? `選択に使っていない${n.whole(samples)}サンプルで評価。`
      : change.low === 0 && change.high === 0
        ? `選択に使っていない${n.whole(samples)}サンプルの正誤は、すべて除去前と同じ。`
        : `95 % 信頼区間：${points(change.low)}〜${points(change.high)} ポイント（選択に使っていない${n.whole(samples)}サンプル）。`,
  plain: (text, sequences, length, { before, after, plainChange: change }) =>
    `一般テキスト（${text}、${n.whole(sequences)} × ${n.whole(length)} トークン）：損失 ${fromTo(nats(before.plain), nats(after.plain))} nat/トークン${change === null ? '' : `（変化の 95 % 信頼区間：${n.signed(change.low, 3)}〜${n.signed(change.high, 3)}）`}。`,
  nearChance:
    'このタスクでのモデルの正答率は、チャンスレベルを有意に上回っていません。得られた改善も偶然の可能性があります。',
  counts: (tried, candidates, laser) =>
    `候補${n.whole(candidates)}個のうち${n.whole(tried)}個を試行。LASER の探索には${n.whole(laser)}回の評価が必要です。`,
  laser: ({ best, rho, test, made, of, seconds }) =>
    `LASER の最良の結果${made < of ? `（評価${n.whole(made)}回中）` : ''}：${best} を ${n.short(rho * 100)} % に削減し、テスト用サンプルの正答率 ${percent(test.accuracy)}、一般テキストの損失 ${nats(test.plain)} nat。全探索の所要時間は${made < of ? `約${seconds}の見込みです` : `${seconds}でした`}。`,
  calibration: (before, after, chance) =>
    `選択用サンプル（除去する成分の選択に使用）：正答率 ${fromTo(percent(before.accuracy), percent(after.accuracy))}${chance > 0 ? `（チャンスレベル ${percent(chance)}）` : ''}、損失 ${fromTo(nats(before.loss), nats(after.loss))} nat/トークン。`,
  module: 'モジュール',
  cumulative: 'この成分以降をすべて除去',
  component: '特異成分（特異値の大きい順）',
  sigma: '特異値',
  spectrumUnit: '除去による損失の変化の予測（nat/トークン）',
  scatterUnit: '損失の変化（nat/トークン）',
  spectrumFinding: (module, retained, of) =>
    `${module} の特異成分${n.whole(of)}個のうち${n.whole(retained)}個を保持します。`,
  spectrumWhole: (module, max) =>
    `一次近似では、${module} の成分を除去すると、損失は最大 ${n.significant(max)} nat 下がると予測されます。`,
  spectrumNothing: (module) =>
    `一次近似では、${module} の末尾の成分をどこから除去しても損失は下がりません。`,
  scatterFinding: (tried, small) =>
    [
      ...(tried ? [`試した候補（${n.whole(tried.count)}件）：${agreement(tried)}。`] : []),
      ...(small
        ? [`勾配の確認用の小さな除去（${n.whole(small.count)}件）：${agreement(small)}。`]
        : []),
    ].join(''),
  scatterNote: '左：特異成分の1/24を除去した結果。右：試した候補',
  small: '小さな除去',
  tried: '試した候補',
  predicted: '予測',
  measured: '実測',
  trail: '試行の履歴',
  trailName: '試した除去（試行順）',
  columns: {
    module: 'モジュール',
    blocks: 'ブロック',
    rho: '保持率',
    predicted: '予測',
    measured: '実測',
    accuracy: '正答率',
    plain: '一般テキスト',
  },
  acceptedMark: '採用',
  replacedMark: '置換済み',
  undo: '元に戻す',
  redo: 'すべてやり直す',
  inForce: (steps, of) => `除去${n.whole(of)}か所のうち${n.whole(steps)}か所を適用中。`,
  undoName: (module) => `${module} 以降の除去を元に戻す`,
  samples: 'サンプルごとの比較（除去前と除去後）',
  changedOnly: '変化したサンプルのみ',
  noChange: '回答が変化したサンプルはありません。',
  sampleColumns: { question: 'サンプル', before: '除去前', after: '除去後' },
  right: '正解',
  wrong: '不正解',
  share: (v) => percent(v),
  more: (count) => `ほか${n.whole(count)}件`,
  factors: '因子',
  model: 'モデル',
  texts: '生成テキストの比較（除去前と除去後）',
  textBefore: '元のモデル',
  textAfter: (steps) => `除去${n.whole(steps)}か所を適用`,
  textSame: '2つのテキストは完全に同じです。',
  settings: {
    title: '設定',
    task: 'タスク',
    tasks: {
      'next-word': '次の単語',
      continuation: '次の4単語',
      own: '自分の表',
      text: 'テキストの次のトークン',
    },
    plain: '評価に使う一般テキスト',
    plainOwn: '自分のテキスト',
    scoring: '選択肢のトークンの集計',
    sum: '合計',
    mean: '平均',
    samples: '選択用サンプル',
    test: 'テスト用サンプル',
    rowBlocks: '行ブロック数',
    rowBlocksHint: '1, 2, 4, 8, 16 から選択',
    split: 'ブロックの分割',
    contiguous: '隣接する行',
    kmeans: '方向の近い行（k-means）',
    ranking: '候補の順位付け',
    curvature: '勾配と曲率',
    'first-order': '勾配のみ（論文の方法）',
    trials: '試す候補数',
    checks: '小さな除去の実測数',
    laser: 'LASER の探索',
    none: '実行しない',
    sample: '24回の評価のみ',
    all: 'すべて（数分）',
  },
  table: {
    title: 'タスクの表',
    note: '一部の行を選択用、残りをテスト用に使います。分け方はシードで決まります。',
    question: '質問',
    options: '選択肢（正解を選択）',
    answer: (i) => `選択肢${n.whole(i + 1)}が正解`,
    option: (row, i) => `${n.whole(row)}行目、選択肢${n.whole(i + 1)}`,
    rowQuestion: (row) => `${n.whole(row)}行目、質問`,
    page: (first, last, of) => `${n.whole(of)}件中${n.whole(first)}〜${n.whole(last)}件目`,
    previous: '前へ',
    next: '次へ',
    edit: 'コピーを編集',
    add: '行を追加',
    remove: '削除',
    removeName: (row) => `${n.whole(row)}行目を削除`,
    text: 'このタスクはテキストを使うため、表はありません。',
  },
};
