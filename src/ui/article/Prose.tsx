/** Paragraphs whose text marks terms and links. */
import { TERMS, type Term as TermName } from '../../words/glossary.ts';
import { Term } from '../parts/Term.tsx';
import { External } from './External.tsx';
import { partsOf } from './parts.ts';

const isTerm = (target: string): target is TermName => (TERMS as string[]).includes(target);

export function Marked({ text }: { text: string }) {
  return partsOf(text).map(({ text: part, target }, i) =>
    target === null ? (
      <span key={i}>{part}</span>
    ) : isTerm(target) ? (
      <Term key={i} of={target}>
        {part}
      </Term>
    ) : (
      <External key={i} to={target}>
        {part}
      </External>
    ),
  );
}

export const Prose = ({ paragraphs }: { paragraphs: readonly string[] }) =>
  paragraphs.map((text) => (
    <p key={text}>
      <Marked text={text} />
    </p>
  ));
