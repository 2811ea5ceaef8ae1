/** Words of the choice between several adapters, in every language. Loaded with that component. */
import type { Language } from '../language/language.ts';
import { numbers } from '../language/numbers.ts';

const en = {
  several: (file: string) => `There are several adapters in ${file}.`,
  which: 'Which one do you want to import?',
  more: (count: number) =>
    `${numbers('en').whole(count)} more are not shown. Drop the folder of one adapter.`,
};

const ja: typeof en = {
  several: (file) => `${file} には複数のアダプターがあります。`,
  which: 'どれをインポートしますか？',
  more: (count) =>
    `ほかの${numbers('ja').whole(count)}個は表示していません。使うアダプターのフォルダーを選択してください。`,
};

export const adapterChoiceWords: Record<Language, typeof en> = { en, ja };
