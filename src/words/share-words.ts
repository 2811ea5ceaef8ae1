/** Words of the share part of the export dialog, in both languages. Loaded with the dialogs. */
import type { Language } from '../language/language.ts';
import type { Trainer } from '../adapters/trainers.ts';

interface ShareWords {
  share: string;
  png: string;
  text: string;
  /** The description below the title. */
  description(v: { what: string; model: string; text: string; seed: string; sure: string }): string;
  qr: string;
  qrLong: string;
  embed: string;
  train: string;
  trainNote: string;
  trainers: Record<Trainer, string>;
  notes: Partial<Record<Trainer, string>>;
  noRanks: string;
  copy(what: string): string;
}

export const shareWords: Record<Language, ShareWords> = {
  en: {
    share: 'Share',
    png: 'Map, PNG',
    text: 'Title and description',
    description: ({ what, model, text, seed, sure }) =>
      `${what}, on ${model} with ${text}, ${seed}. ${sure}`,
    qr: 'QR code of the link',
    qrLong: 'This link is too long for a QR code.',
    embed: 'Code to embed the map in a page',
    train: 'Train at these ranks',
    trainNote: 'Replace MODEL and DATA. The scale is 2 at every rank.',
    trainers: {
      peft: 'PEFT, Python',
      trl: 'TRL, Python',
      axolotl: 'axolotl, YAML',
      'llama-factory': 'LLaMA-Factory, YAML',
    },
    notes: {
      'llama-factory':
        'Has no setting for rank patterns: it trains the adapter of the PEFT script.',
    },
    noRanks: 'Available when the ranks are known.',
    copy: (what) => `Copy: ${what}`,
  },
  ja: {
    share: '共有',
    png: 'マップ（PNG）',
    text: 'タイトルと説明',
    description: ({ what, model, text, seed, sure }) =>
      `${model}、${text}、${what}、${seed}。${sure}`,
    qr: 'リンクの QR コード',
    qrLong: 'リンクが長すぎるため、QR コードにできません。',
    embed: 'マップをページに埋め込むコード',
    train: 'このランクで学習',
    trainNote: 'MODEL と DATA を置き換えてください。スケールはどのランクでも2です。',
    trainers: {
      peft: 'PEFT（Python）',
      trl: 'TRL（Python）',
      axolotl: 'axolotl（YAML）',
      'llama-factory': 'LLaMA-Factory（YAML）',
    },
    notes: {
      'llama-factory':
        'モジュールごとのランクを設定できないため、PEFT のスクリプトが保存したアダプターを学習',
    },
    noRanks: 'ランクの測定後に使えます。',
    copy: (what) => `コピー：${what}`,
  },
};
