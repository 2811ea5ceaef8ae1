/** 実験が作ったモデルの言葉、日本語。型は derived.en.ts。 */
import type { DerivedWords } from './derived.en.ts';
import { numbers } from '../language/numbers.ts';

const n = numbers('ja');

export const derivedJa: DerivedWords = {
  save: '保存',
  saving: '保存中…',
  size: (bytes) =>
    bytes < 1e6 ? `${n.fixed(bytes / 1e3, 0)} kB` : `${n.fixed(bytes / 1e6, 1)} MB`,
  saved: (name, size) => `${name}（${size}）`,
  savedTwo: (name, data, size) =>
    `2つのファイル（${size}）：${name} と ${data} を、名前を変えずに同じフォルダーに置いてください。`,
  use: 'ほかの実験でこのモデルを使う',
  used: 'ほかの実験でこのモデルを使用中です。',
  back: '元のモデルに戻す',
};
