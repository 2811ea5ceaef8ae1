/** BibTeX of the software (as CITATION.cff) and of the papers. */
import { version } from '../../../package.json';
import { arxivAddress, papers } from './papers.ts';

const entry = (kind: string, key: string, fields: Record<string, string>) =>
  `@${kind}{${key},\n${Object.entries(fields)
    .map(([name, value]) => `  ${name} = {${value}}`)
    .join(',\n')}\n}`;

export const bibtex = (): string =>
  `${[
    entry('software', 'rank-atlas', {
      title: '{Rank Atlas}',
      author: '{Rank Atlas contributors}',
      version,
      license: 'Apache-2.0',
    }),
    ...papers.map(({ key, title, arxiv }) =>
      entry('misc', key, {
        title: `{${title}}`,
        eprint: arxiv,
        archiveprefix: 'arXiv',
        url: arxivAddress(arxiv),
      }),
    ),
  ].join('\n\n')}\n`;
