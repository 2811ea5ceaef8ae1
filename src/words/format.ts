/** Names the format of a weight in one or two words: "int4". */
import type { WeightFormat } from '../compiler/modules.ts';
import type { Words } from './en.ts';

export function describeFormat(words: Words, format: WeightFormat): string {
  const names = words.modulePanel.format;
  switch (format.kind) {
    case 'nbits':
    case 'linear':
      return names.nbits(format.bits);
    case 'bnb4':
      return names.bnb4(format.codebook);
    default:
      return names[format.kind];
  }
}
