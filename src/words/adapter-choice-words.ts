/** The words of the choice between several adapters in every language; they come with it. */
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
  which: 'どれを読み込みますか？',
  more: (count) =>
    `ほか ${numbers('ja').whole(count)} 個は表示していません。その一つのフォルダーを渡してください。`,
};

export const adapterChoiceWords: Record<Language, typeof en> = { en, ja };
