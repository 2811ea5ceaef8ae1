/** The picker's words for models on a hub or at an address, in Japanese. */
import type { RemoteWords } from './remote.en.ts';
import { numbers } from '../language/numbers.ts';

const { size } = numbers('ja');

export const remoteJa: RemoteWords = {
  label: 'Hub の ID または URL',
  example: 'owner/name または https://…/model.onnx',
  look: '確認',
  note: (host) =>
    `${host} からファイルをダウンロードします。測定に使うデータや結果は、このデバイスの外には送信されません。`,
  looking: (name) => `${name} の内容を確認中…`,
  offers: (name) => `${name} のグラフ`,
  file: 'グラフ',
  size: 'サイズ',
  here: '保存済み',
  fetch: 'ダウンロード',
  inspect: '内容を確認',
  commit: (hash) =>
    `コミット ${hash} のファイル。作成したリンクはこのコミットのファイルを参照します。`,
  fetching: (loaded, total) =>
    total > 0 ? `ダウンロード中（${size(loaded)} / ${size(total)}）` : 'ダウンロード中…',
  rate: (bytesPerSecond) => `${size(bytesPerSecond)}/秒`,
  progress: 'ダウンロードの進捗',
  cancel: 'キャンセル',
  cached: 'このデバイスに保存済み',
  remove: '削除',
  removeName: (name) => `${name} をこのデバイスから削除`,
};
