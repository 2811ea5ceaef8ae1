/** The compress study's words in Japanese, typed by `words.en.ts`. */
import type { CompressWords } from './words.en.ts';
import { numbers } from '../../language/numbers.ts';

const n = numbers('ja');
const percent = (share: number) => `${n.fixed(100 * share, 1)}%`;
const nats = (v: number) => n.fixed(v, 3);
const points = (share: number) => n.signed(100 * share, 1);

export const compressJa: CompressWords = {
  spectrumTitle: '各成分のはたらき',
  scatterTitle: '予測と実測',
  views: { label: 'グラフ', spectrum: '成分', scatter: '予測' },
  empty: '一度の逆伝播で、すべての成分に順位がつきます。',
  emptyNote: '上位の除去を実際に試します。',
  running: '結論は最後に表示されます。',
  interrupted: '探索は最後まで実行されていません。',
  phase: (phase, done, of, left) =>
    `${
      {
        svd: '重みを分解中',
        samples: 'サンプルを実行中',
        gradients: '逆伝播中',
        checks: '小さな除去を実測中',
        scan: '除去を試行中',
        test: 'テスト用サンプルを実行中',
        plain: '普通の文章で評価中',
        text: '文章を生成中',
        laser: 'LASER の探索中',
      }[phase]
    }（${n.whole(done)} / ${n.whole(of)}）。${left === null ? '' : `残り約${left}。`}`,
  finding: ({ steps, before, after, kind }) =>
    kind === 'none'
      ? '何も取り除いていません。試した除去でサンプルの成績は上がりませんでした。'
      : `${n.whole(steps)} 個の除去で正答率が ${percent(before.accuracy)} から ${percent(after.accuracy)} に${kind === 'helped' ? '上がりました' : kind === 'cost' ? '下がりました' : 'なりました'}。普通の文章の損失は ${nats(before.plain)} から ${nats(after.plain)} ナット。`,
  undone: 'すべての手順を取り消しました。',
  sure: ({ change, kind }, samples) =>
    change === null || kind === 'none'
      ? `選択に使っていない ${n.whole(samples)} サンプルで判定。`
      : `${kind === 'open' ? 'テスト用サンプルでは差があるとはいえません。' : ''}95%：${points(change.low)} 〜 ${points(change.high)} ポイント（選択に使っていない ${n.whole(samples)} サンプル）。`,
  plain: (text, sequences, length, { before, after, plainChange: change }) =>
    `普通の文章（${text}、${n.whole(sequences)} × ${n.whole(length)} トークン）：損失 ${nats(before.plain)} → ${nats(after.plain)} ナット/トークン${change === null ? '' : `、変化の95%：${n.signed(change.low, 3)} 〜 ${n.signed(change.high, 3)}`}。`,
  nearChance: 'この課題でモデルは偶然を明らかに上回っていません。得られた差も偶然かもしれません。',
  counts: (tried, candidates, laser) =>
    `${n.whole(candidates)} 候補のうち ${n.whole(tried)} 個を試行。LASER の探索では ${n.whole(laser)} 回必要です。`,
  laser: ({ best, rho, test, made, of, seconds }) =>
    `LASER の最良${made < of ? `（${n.whole(made)} 回の試行中）` : ''}：${best} を ${n.short(rho * 100)}% に削減、テストで ${percent(test.accuracy)}、普通の文章で ${nats(test.plain)} ナット。全探索は${made < of ? `約 ${seconds} かかる見込みです` : ` ${seconds} かかりました`}。`,
  calibration: (before, after, chance) =>
    `選択に使ったサンプル：正答率 ${percent(before.accuracy)} → ${percent(after.accuracy)}、損失 ${n.fixed(before.loss, 3)} → ${n.fixed(after.loss, 3)} ナット/トークン${chance > 0 ? `。偶然なら ${percent(chance)}` : ''}。`,
  module: 'モジュール',
  cumulative: 'ここから先をすべて除去',
  component: '成分（強い順）',
  sigma: '特異値',
  spectrumUnit: '除去したときの損失の予測変化（ナット/トークン）',
  scatterUnit: '損失の変化（ナット/トークン）',
  spectrumFinding: (module, keep, of) =>
    `${module} の ${n.whole(of)} 成分のうち ${n.whole(keep)} 個を残します。`,
  spectrumWhole: (module, most) =>
    `${module} の一部を除くと、損失は最大 ${n.significant(most)} 下がる予測です。`,
  spectrumNothing: (module) => `一次近似では、${module} のどの末尾を除いても損失は下がりません。`,
  scatterFinding: (tried, small) =>
    [
      ...(tried
        ? [
            `試した ${n.whole(tried.count)} 件すべて：r = ${n.fixed(tried.pearson, 2)}、スピアマン ${n.fixed(tried.spearman, 2)}。`,
          ]
        : []),
      ...(small
        ? [
            `小さな除去 ${n.whole(small.count)} 件：r = ${n.fixed(small.pearson, 2)}、スピアマン ${n.fixed(small.spearman, 2)}。`,
          ]
        : []),
    ].join(''),
  scatterNote: '左：成分の 24 分の 1 を除去。右：試した候補。',
  small: '小さな除去',
  tried: '試した候補',
  predicted: '予測',
  measured: '実測',
  trail: '試行の記録',
  trailName: '試した除去（順番どおり）',
  columns: {
    module: 'モジュール',
    blocks: 'ブロック',
    rho: '残す割合',
    predicted: '予測',
    measured: '実測',
    accuracy: '正答率',
    plain: '普通の文章',
  },
  keptMark: '採用',
  replacedMark: '置換済み',
  undo: '戻す',
  redo: 'すべてやり直す',
  inForce: (steps, of) => `${n.whole(of)} 手順のうち ${n.whole(steps)} 個が有効。`,
  undoName: (module) => `${module} 以降の手順を取り消す`,
  samples: 'サンプルごとの前後比較',
  changedOnly: '変化したものだけ',
  noChange: '答えの変わったサンプルはありません。',
  sampleColumns: { question: 'サンプル', before: '前', after: '後' },
  right: '正解',
  wrong: '不正解',
  share: (v) => percent(v),
  more: (count) => `ほか ${n.whole(count)} 件`,
  factors: '因子',
  model: 'モデル',
  texts: '文章の前後比較',
  textBefore: '元のモデル',
  textAfter: (steps) => `${n.whole(steps)} 手順を適用`,
  textSame: '二つは一字一句同じです。',
  settings: {
    title: '設定',
    task: '課題',
    tasks: {
      'next-word': '次の単語',
      continuation: '続きの四語',
      own: '自分の表',
      text: 'テキストの次のトークン',
    },
    plain: '併せて測る普通の文章',
    plainOwn: '自分の文章',
    scoring: '選択肢のトークンの集計',
    sum: '合計',
    mean: '平均',
    samples: '選択用サンプル',
    test: '判定用サンプル',
    rowBlocks: '行ブロック数',
    rowBlocksHint: '1, 2, 4, 8, 16 から。',
    split: 'ブロックの作り方',
    contiguous: '隣り合う行',
    kmeans: '向きの近い行（k-means）',
    ranking: '候補の順位',
    curvature: '勾配と曲率',
    'first-order': '勾配のみ（論文どおり）',
    trials: '試す候補数',
    checks: '実測する小さな除去',
    laser: 'LASER の探索',
    none: '行わない',
    sample: '24 回だけ',
    all: 'すべて（数分）',
  },
  table: {
    title: '課題の表',
    note: '一部の行で選び、残りで判定します。どの行かはシードで決まります。',
    question: '質問',
    options: '選択肢（正解に印）',
    answer: (i) => `選択肢 ${n.whole(i + 1)} が正解`,
    option: (row, i) => `${n.whole(row)} 行目、選択肢 ${n.whole(i + 1)}`,
    rowQuestion: (row) => `${n.whole(row)} 行目、質問`,
    page: (first, last, of) => `${n.whole(of)} 件中 ${n.whole(first)}〜${n.whole(last)}`,
    previous: '前へ',
    next: '次へ',
    edit: 'コピーを編集',
    add: '行を追加',
    remove: '削除',
    removeName: (row) => `${n.whole(row)} 行目を削除`,
    text: 'この課題はテキストなので表はありません。',
  },
};
