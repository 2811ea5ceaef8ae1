/** The words for a pruned or compressed model, in English: its files, and its use as a base. */
import { numbers } from '../language/numbers.ts';

const n = numbers('en');

export const derivedEn = {
  save: 'Save',
  saving: 'Writing…',
  size: (bytes: number) =>
    bytes < 1e6 ? `${n.fixed(bytes / 1e3, 0)} kB` : `${n.fixed(bytes / 1e6, 1)} MB`,
  saved: (name: string, size: string) => `${name}, ${size}`,
  savedTwo: (name: string, data: string, size: string) =>
    `Two files, ${size}: keep ${name} and ${data} in one folder, under these names.`,
  use: 'Use it in the other experiments',
  used: 'The other experiments use it.',
  back: 'Back to the model as it came',
};

export type DerivedWords = typeof derivedEn;
