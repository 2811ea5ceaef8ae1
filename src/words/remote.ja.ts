/** ハブやアドレスにあるモデルを選ぶときの言葉、日本語。 */
import type { RemoteWords } from './remote.en.ts';
import { numbers } from '../language/numbers.ts';

const { size } = numbers('ja');

export const remoteJa: RemoteWords = {
  label: 'ハブの ID またはアドレス',
  example: 'owner/name、または https://…/model.onnx',
  look: '見る',
  note: (host) =>
    `ファイルは ${host} から取得します。問い合わせるのはそれだけで、測定の内容はこの端末から出ません。`,
  looking: (name) => `${name} の内容を問い合わせています…`,
  offers: (name) => `${name} にあるグラフ`,
  file: 'グラフ',
  size: 'サイズ',
  here: 'この端末にあり',
  fetch: '取得',
  inspect: '調べる',
  commit: (hash) => `コミット ${hash} の時点。これで作ったリンクは、まさにこのファイルを指します。`,
  fetching: (loaded, total) =>
    total > 0 ? `取得中、${size(total)} 中 ${size(loaded)}` : '取得中…',
  rate: (bytesPerSecond) => `毎秒 ${size(bytesPerSecond)}`,
  progress: '取得済み',
  cancel: '中止',
  kept: 'この端末に保存済み',
  remove: '削除',
  removeName: (name) => `${name} をこの端末から削除`,
};
