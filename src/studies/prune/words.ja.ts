/** The prune study's words in Japanese. */
import { numbers } from '../../language/numbers.ts';
import type { PruneWords } from './words.en.ts';

const n = numbers('ja');
const nats = (v: number) => n.fixed(v, 3);
const percent = (share: number) => `${n.short(100 * share)}\u00a0%`;
const megabytes = (bytes: number) => `${n.fixed(bytes / 1e6, 1)} MB`;
const formNames = { float32: 'float32', sparse: '疎形式', int4: '4ビット' };

export const pruneJa = {
  views: { label: '表示', rounds: 'ラウンド', loss: '損失', similarity: '類似度', errors: '誤差' },
  titles: {
    rounds: 'ラウンドごとのスパース率とランク',
    loss: 'ラウンドごとの検証損失',
    similarity: '層の入力間の類似度',
    errors: '層ごとの再構成誤差',
  },
  units: {
    rounds: '濃さ：スパース率。数字：層内のモジュールのランク',
    loss: '検証損失（nat/トークン）',
    similarity: (low: number) => `2つの層の入力の正規化 HSIC（濃さの範囲：${n.short(low)}〜1）`,
    errors: '層の出力の二乗誤差（枝刈り前の出力との比）',
  },
  empty: (rounds: number) =>
    `枝刈り、測定、ファインチューニングを${n.whole(rounds)}ラウンド繰り返します。`,
  emptyNote: (sparsity: number, steps: number) =>
    `「実行」を押すと、重みの ${percent(sparsity)} を0にし、合計${n.whole(steps)}ステップのファインチューニングをします。`,
  running: '結論は最後のラウンドの後に表示されます。',
  interrupted: '途中で停止しました。「実行」を押すと、最後に完了したラウンドの後から再開します。',
  doing: ({ what, round, done, of }) =>
    ({
      prepare: '元のモデルを評価中',
      prune: `ラウンド${n.whole(round)}：枝刈り中（${n.whole(done)} / ${n.whole(of)} 層）`,
      judge: `ラウンド${n.whole(round)}：枝刈り後のモデルを評価中`,
      repair: `ラウンド${n.whole(round)}：ファインチューニング中（ステップ ${n.whole(done)} / ${n.whole(of)}）`,
      wanda: `比較用：Wanda のみ（${n.whole(done)} / ${n.whole(of)} 層）`,
      masked: `比較用：Wanda とマスク付き LoRA（ステップ ${n.whole(done)} / ${n.whole(of)}）`,
      lora: `比較用：Wanda と通常の LoRA（ステップ ${n.whole(done)} / ${n.whole(of)}）`,
      store: `4ビットに量子化中（${n.whole(done)} / ${n.whole(of)} モジュール）`,
    })[what],
  finding: ({ zeros, losa, withoutZeros: free, pending }) => {
    const own = `LoSA（スパース率 ${percent(zeros)}）の検証損失は ${nats(losa)} nat`;
    if (free === null)
      return pending
        ? `${own}です。スパース化なしの LoRA の学習はこれからです。`
        : `${own}です。スパース化なしの LoRA を学習していないため、スパース化による損失の増加は分かりません。`;
    return nats(free) === nats(losa)
      ? `${own}で、スパース化なしの LoRA と同じです。`
      : `${own}、スパース化なしの LoRA は ${nats(free)} nat で、${nats(Math.abs(losa - free))} nat ${free < losa ? '低く' : '高く'}なりました。`;
  },
  note: ({ zeros, dense, masked }) =>
    `${masked === null ? '' : `一括の枝刈りとマスク付き LoRA（スパース率 ${percent(zeros)}）：${nats(masked)}。`}元のモデル（このテキストでは未学習）：${nats(dense)}。シード1つの結果のため、目安です。`,
  axis: {
    round: 'ラウンド',
    layer: '層（先頭が0）',
    roundName: (round) => `ラウンド${n.whole(round)}`,
    layerName: (layer) => `第${n.whole(layer)}層`,
  },
  columns: {
    layer: '層',
    round: 'ラウンド',
    target: '目標 %',
    zeros: 'スパース率 %',
    rank: 'ランク',
    error: '再構成誤差',
    pruned: '枝刈り直後',
    repaired: 'ファインチューニング後',
    dense: '枝刈り前',
    c: '割合 c',
    importance: '重要度',
  },
  legend: { pruned: '枝刈り直後', repaired: 'ファインチューニング後', dense: '枝刈り前' },
  cell: (zeros, rank) =>
    `スパース率 ${percent(zeros)}${rank === null ? '' : `、ランク${n.whole(rank)}`}`,
  ways: {
    title: '手法の比較',
    columns: {
      way: '手法',
      zeros: 'スパース率',
      loss: '損失',
      perplexity: 'PPL',
      size: '線形層のサイズ',
    },
    dense: '元のモデル',
    losa: 'LoSA',
    int4: 'LoSA、4ビットに再量子化',
    sparse: 'LoSA、疎形式のファイル',
    wanda: 'Wanda のみ',
    maskedLora: (rank) => `Wanda、マスク付き LoRA r ${n.whole(rank)}`,
    merged: (rank) => `スパース化なしの LoRA、r ${n.whole(rank)}`,
    masked: '同上、学習後にマスクを適用',
    mergedNote:
      'スパース化なしの LoRA は Wanda の重みから学習し、マージすると0の重みも埋まります。',
  },
  nats,
  percent,
  perplexity: (v) => n.significant(v),
  megabytes,
  files: {
    'onnx/model.onnx': 'モデル（float）',
    'onnx/model_q4.onnx': 'モデル（4ビット）',
    'weights.safetensors': '重み',
    'adapter.safetensors': 'アダプター',
    'mask.safetensors': 'マスク',
  },
  sizeNote: (file, stored) => {
    // Only the sparse form is smaller because of zeros; 4 bits are as small without them.
    const sparse = stored.find((f) => f.form === 'sparse')?.bytes ?? Infinity;
    const time = 'ブラウザーでは0の重みも通常どおり計算するため、計算時間は短くなりません。';
    if (stored.length === 0) return time;
    const forms = stored.map((f) => `${formNames[f.form]} ${megabytes(f.bytes)}`).join('、');
    return `${time}${sparse >= file ? 'サイズも小さくなりません' : 'サイズは小さくなります'}（線形層：元のファイル ${megabytes(file)}、枝刈り後は${forms}）。`;
  },
  settings: {
    sparsity: 'スパース率',
    rounds: 'ラウンド数',
    score: '重みの評価基準',
    wanda: '|W| · ‖x‖（Wanda）',
    magnitude: '|W| のみ',
    pattern: 'パターン',
    unstructured: '非構造（行内の任意の位置）',
    '2:4': '4個ごとに2個を保持',
    '4:8': '8個ごとに4個を保持',
    beta: '類似度の β',
    meanRank: 'ラウンド1の平均ランク',
    mostRank: '最大ランク',
    rankBy: 'ランクの決定基準',
    error: '再構成誤差（著者のコード）',
    rmi: '類似度（論文の記述）',
    samples: 'キャリブレーション用の系列数',
    baselines: '比較手法',
    with: 'Wanda、マスク付き LoRA、通常の LoRA',
    without: 'なし',
  },
  why: {
    pattern: 'N:M パターンではスパース率が固定されます。',
    meanRank: 'ラウンドごとに1ずつ増加します。',
    beta: 'ほかの層と類似した層ほど多く枝刈りする度合い：exp(−β c)',
  },
} satisfies PruneWords;
