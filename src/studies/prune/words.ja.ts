/** The prune study's words in Japanese. */
import { numbers } from '../../language/numbers.ts';
import type { PruneWords } from './words.en.ts';

const n = numbers('ja');
const nats = (v: number) => n.fixed(v, 3);
const percent = (share: number) => `${n.short(100 * share)}\u00a0%`;

export const pruneJa = {
  views: { label: '表示', rounds: 'ラウンド', loss: '損失', similarity: '類似度', errors: '損傷' },
  titles: {
    rounds: 'ラウンドごとのゼロとランク',
    loss: 'ラウンドごとの損失',
    similarity: '層の入力どうしの類似度',
    errors: '層ごとの再構成誤差',
  },
  units: {
    rounds: '濃さ：ゼロの割合。数字：その層のモジュールのランク',
    loss: '未学習文の損失（nat／トークン）',
    similarity: (low: number) => `2つの層の入力の正規化 HSIC。濃さは ${n.short(low)} から 1`,
    errors: 'ブロック直後の二乗誤差（密な出力に対する比）',
  },
  empty: (rounds: number) => `枝刈り・測定・調整を ${n.whole(rounds)} ラウンド行います。`,
  emptyNote: (sparsity: number, steps: number) =>
    `再生を押すと重みの ${percent(sparsity)} を取り除き、残りを合計 ${n.whole(steps)} ステップで修復します。`,
  running: '最後のラウンドが終わると、分かったことがここに出ます。',
  interrupted: '途中で止まりました。再生を押すと、最後に終わったラウンドの後から続きます。',
  doing: ({ what, round, done, of }) =>
    ({
      prepare: '元のモデルを評価しています。',
      prune: `ラウンド ${n.whole(round)}：${n.whole(of)} 層のうち ${n.whole(done)} 層を枝刈りしました。`,
      judge: `ラウンド ${n.whole(round)}：残ったものを評価しています。`,
      repair: `ラウンド ${n.whole(round)}：修復中、ステップ ${n.whole(done)} / ${n.whole(of)}。`,
      wanda: `比較用：Wanda のみ、${n.whole(of)} 層のうち ${n.whole(done)} 層。`,
      masked: `比較用：Wanda とマスク付き LoRA、ステップ ${n.whole(done)} / ${n.whole(of)}。`,
      lora: `比較用：Wanda と通常の LoRA、ステップ ${n.whole(done)} / ${n.whole(of)}。`,
      store: `4ビットに丸めています、${n.whole(done)} / ${n.whole(of)} モジュール。`,
    })[what],
  cost: (zeros, by) =>
    by >= 0
      ? `ゼロ ${percent(zeros)} の代償は、修復後で ${nats(by)} nat です。`
      : `ゼロ ${percent(zeros)} でも、修復後は元より ${nats(-by)} nat 良くなりました。`,
  costNote: (gained) =>
    gained
      ? '修復は、元のモデルが見ていない新しいテキストの学習も兼ねています。シードは1つです。'
      : 'シード1つ・少ないステップなので、目安です。',
  rival: (losa, masked) =>
    `同じゼロの割合で、一括の枝刈りとマスク付き LoRA は ${nats(masked)}、LoSA は ${nats(losa)}。`,
  axis: {
    round: 'ラウンド',
    layer: '層（0 が最初）',
    roundName: (round) => `ラウンド ${n.whole(round)}`,
    layerName: (layer) => `層 ${n.whole(layer)}`,
  },
  columns: {
    layer: '層',
    round: 'ラウンド',
    target: '目標 %',
    zeros: 'ゼロ %',
    rank: 'ランク',
    error: '誤差',
    pruned: '枝刈り直後',
    repaired: '修復後',
    dense: '密',
    c: '割合 c',
    importance: '重要度',
  },
  legend: { pruned: '枝刈り直後', repaired: '修復後', dense: '密' },
  cell: (zeros, rank) =>
    `ゼロ ${percent(zeros)}${rank === null ? '' : `、ランク ${n.whole(rank)}`}`,
  ways: {
    title: '同じゼロの割合に至る方法',
    columns: { way: '方法', zeros: 'ゼロ', loss: '損失', perplexity: 'PPL', size: '層の容量' },
    dense: '元のモデル',
    losa: 'LoSA（修復後）',
    int4: 'LoSA、再び4ビット',
    sparse: 'LoSA、疎なファイル',
    wanda: 'Wanda のみ',
    maskedLora: (rank) => `Wanda、マスク付き LoRA r ${n.whole(rank)}`,
    merged: (rank) => `Wanda、通常の LoRA r ${n.whole(rank)} を併合`,
    masked: '同上、ゼロを維持',
  },
  nats,
  percent,
  perplexity: (v) => n.significant(v),
  megabytes: (bytes) => `${n.fixed(bytes / 1e6, 1)} MB`,
  files: {
    'onnx/model.onnx': 'モデル（float）',
    'onnx/model_q4.onnx': 'モデル（4ビット）',
    'weights.safetensors': '重み',
    'adapter.safetensors': 'アダプター',
    'mask.safetensors': 'マスク',
  },
  sizeNote:
    'ブラウザーはゼロもほかの数と同じように掛けます。疎にして減るのは容量で、時間ではありません。',
  settings: {
    sparsity: 'ゼロの割合',
    rounds: 'ラウンド数',
    score: '重みの評価',
    wanda: '|W| · ‖x‖（Wanda）',
    magnitude: '|W| のみ',
    pattern: 'パターン',
    unstructured: '行の中のどこでも',
    '2:4': '4つごとに2つ残す',
    '4:8': '8つごとに4つ残す',
    beta: '類似度の β',
    meanRank: 'ラウンド1の平均ランク',
    mostRank: '最大ランク',
    rankBy: 'ランクの基準',
    error: '損傷（著者のコード）',
    rmi: '類似度（論文の記述）',
    samples: '較正用の系列数',
    baselines: '比較',
    with: 'Wanda、マスク付き・通常の LoRA',
    without: 'なし',
  },
  why: {
    pattern: 'N:M パターンではゼロの割合が決まっています。',
    meanRank: 'ラウンドごとに1ずつ増えます。',
    beta: 'ほかの層に似た層ほど多く枝刈りする強さ：exp(−β c)。',
  },
} satisfies PruneWords;
