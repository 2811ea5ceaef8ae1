/** ほかのページに埋め込まれたときの言葉。型は embed.en.ts。 */
import type { EmbedWords } from './embed.en.ts';

export const embedJa: EmbedWords = {
  runHere: 'ここで実行',
  open: '開く',
  openName: 'Rank Atlas を新しいタブで開く',
  fromLink: 'リンクから',
  recordedRace: (date, device) => `${date} に ${device} で記録。`,
  linked: 'リンクに書かれたランクです。',
  linkedNote: '「ここで実行」で測り直し、確かさも示します。',
  needsFiles: (name) =>
    `${name} で作られています。ページに同梱されていないので、開いてファイルを選んでください。`,
  nothing: 'この実験の記録はありません',
  nothingNote: '「ここで実行」で測定します。',
};
