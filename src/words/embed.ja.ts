/** The words of a page that is shown inside another one, in Japanese, typed by `embed.en.ts`. */
import type { EmbedWords } from './embed.en.ts';

export const embedJa: EmbedWords = {
  runHere: 'ここで実行',
  open: '開く',
  openName: 'Rank Atlas を新しいタブで開く',
  fromLink: 'リンクから',
  recordedRace: (date, device) => `記録：${date}、${device}`,
  linked: 'リンクに保存されたランクです。',
  linkedNote: '「ここで実行」を押すと、もう一度測定し、信頼区間も表示します。',
  needsFiles: (name) =>
    `作成に使われた ${name} は同梱されていません。「開く」を押して、ファイルを選択してください。`,
  nothing: 'この実験の結果は記録されていません',
  nothingNote: '「ここで実行」を押すと測定します。',
};
