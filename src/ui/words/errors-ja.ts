/** 日本語のエラー文。errors.ts の表と同じ番号をすべて持つ：何が起きたか、どうすればよいか。 */
import type { ErrorCode, ErrorValues } from '../../errors.ts';

export const errorTableJa = {
  'not-onnx': (v) => `${v.file} は ONNX モデルではありません（${v.why}）。ONNX に書き出したデコーダーを選んでください。`,
  'cut-off': (v) => `${v.file} が途中で終わっています（${v.why}）。もう一度ダウンロードしてください。`,
  'external-missing': (v) => `${v.file} には ${v.part} が必要です。両方を一緒に渡してください。`,
  'external-bad': (v) => `${v.file} の重みの参照が許されない形です（${v.why}）。書き出し直してください。`,
  'bad-graph': (v) => `${v.file} は正しいグラフではありません：${v.why}。書き出し直してください。`,
  'operator': (v) => `${v.where} の「${v.operator}」には対応していません。このモデルの別の書き出しを試してください。`,
  'not-decoder': (v) => `${v.file} はデコーダー型の言語モデルではありません：${v.why}。因果言語モデルを選んでください。`,
  'bad-config': (v) => `${v.file} はこのモデルを記述していません：${v.why}。書き出しに使った config.json を使ってください。`,
  'bad-tokenizer': (v) => `${v.file} はトークナイザーとして使えません：${v.why}。このモデルの tokenizer.json を使ってください。`,
  'bad-safetensors': (v) => `${v.file} は正しい safetensors ファイルではありません：${v.why}。もう一度ダウンロードしてください。`,
  'part-missing': (v) => `${v.file} と一緒に ${v.part} が必要です。フォルダーごと渡してください。`,
  'bad-text': (v) => `このテキストは使えません：${v.why}。${v.remedy}`,
  'no-webgpu': () => `このブラウザーには WebGPU がありません。CPU を使います。すべて動きますが、遅くなります。`,
  'self-test': (v) => `${v.provider} の計算がここでは正しくありません（誤差 ${v.error}、許容 ${v.allowed}）。もう一方を選んでください。`,
  'too-large': (v) => `${v.needed} 必要ですが、この装置では ${v.allowed} までです。系列を減らすか短くするか、q4 ファイルを使ってください。`,
  'runtime': (v) => `ランタイムが${v.what}を受け付けませんでした：${v.why}。もう一方の計算装置か、別の書き出しを試してください。`,
  'device-lost': () => `GPU が停止しました。最後に終わった反復から続けます。`,
  'worker-died': (v) => `エンジンが停止しました（${v.why}）。自動で再開します。繰り返すなら、系列を減らすか短くしてください。`,
  'cancelled': () => `中止しました。`,
  'bad-spec': (v) => `実験の「${v.at}」が正しくありません：${v.why}。その設定を直してください。`,
  'bad-link': (v) => `このリンクは壊れています（${v.why}）。もう一度もらうか、初期設定から始めてください。`,
  'newer-link': (v) => `このリンクは新しい版（${v.version}）で作られました。ページを再読み込みしてから開いてください。`,
  'usage': (v) => `${v.why}。「rank-atlas --help」で使い方を確かめてください。`,
} satisfies Record<ErrorCode, (v: ErrorValues) => string>;
