/**
 * The article under the instrument: what a rank is, what each study measures, limits, results,
 * sources and citation. Loaded when the reader scrolls to it or opens it.
 */
import { useId, type ReactNode } from 'react';
import { useRankTable } from '../../state/derived.ts';
import { inLanguage } from '../../language/in-language.ts';
import { articleWords } from '../../words/article-words.ts';
import type { ArticleWords } from '../../words/article.en.ts';
import { useWords } from '../use-words.ts';
import { Cite } from './Cite.tsx';
import { Explained } from './Explained.tsx';
import { External } from './External.tsx';
import { Marked, Prose } from './Prose.tsx';
import { arxivAddress, papers } from './papers.ts';
import './article.css';

type Study = keyof ArticleWords['ofStudy'];
const STUDIES: readonly Study[] = ['race', 'agree', 'train', 'prune', 'compress', 'samples'];

/** Sections in order; each has a heading of its words' `title`. */
const SECTIONS = [
  'rank',
  'measured',
  'probe',
  'studies',
  'result',
  'limits',
  'papers',
  'cite',
] as const;
type SectionName = (typeof SECTIONS)[number];

const headingOf = (id: string, name: SectionName) => `${id}-${name}`;

export function Article() {
  const w = inLanguage(articleWords, useWords());
  const id = useId();
  /** Moves without changing the fragment, which holds the experiment. */
  const go = (name: SectionName) => {
    const heading = document.getElementById(headingOf(id, name));
    heading?.scrollIntoView();
    heading?.focus({ preventScroll: true });
  };
  const contents: Record<SectionName, ReactNode> = {
    rank: (
      <>
        <Prose paragraphs={w.rank.text} />
        <Explained formula="lora" />
      </>
    ),
    measured: <Measured />,
    probe: (
      <>
        <Prose paragraphs={w.probe.text} />
        <Explained formula="probe" />
        <Found paragraphs={w.probe.found} />
      </>
    ),
    studies: STUDIES.map((study) => {
      const { title, text, found } = w.ofStudy[study];
      return (
        <section key={study}>
          <h4>{title}</h4>
          <Prose paragraphs={text} />
          <Explained formula={study} />
          <Found paragraphs={found} />
        </section>
      );
    }),
    result: <Result />,
    limits: (
      <ul>
        {w.limits.items.map((item) => (
          <li key={item}>
            <Marked text={item} />
          </li>
        ))}
      </ul>
    ),
    papers: <Papers />,
    cite: <Cite />,
  };
  return (
    <div className="article">
      <nav aria-label={w.contents}>
        <ul>
          {SECTIONS.map((name) => (
            <li key={name}>
              <button type="button" className="link" onClick={() => go(name)}>
                {w[name].title}
              </button>
            </li>
          ))}
        </ul>
      </nav>
      <article>
        {SECTIONS.map((name) => (
          <section key={name}>
            <h3 id={headingOf(id, name)} tabIndex={-1}>
              {w[name].title}
            </h3>
            {contents[name]}
          </section>
        ))}
      </article>
    </div>
  );
}

function Measured() {
  const w = inLanguage(articleWords, useWords()).measured;
  const { settled, rows } = useRankTable();
  return (
    <>
      <Prose paragraphs={w.text} />
      <Explained formula="disagreement" />
      <Prose paragraphs={w.rule} />
      <Explained formula="rule" />
      <Prose paragraphs={w.certainty} />
      <Explained formula="multiple" />
      {settled !== null && <p className="ink2">{w.settled(settled, rows.length)}</p>}
    </>
  );
}

function Found({ paragraphs }: { paragraphs: readonly string[] }) {
  const { studies } = inLanguage(articleWords, useWords());
  if (paragraphs.length === 0) return null;
  return (
    <div className="found">
      <p className="small ink2">{studies.found}</p>
      <Prose paragraphs={paragraphs} />
    </div>
  );
}

function Result() {
  const w = inLanguage(articleWords, useWords()).result;
  return (
    <>
      <Prose paragraphs={w.text} />
      <div className="wide" role="group" aria-label={w.title} tabIndex={0}>
        <table>
          <thead>
            <tr>
              {w.head.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {w.rows.map(([name, ...cells]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                {cells.map((cell) => (
                  <td key={cell}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Prose paragraphs={w.after} />
    </>
  );
}

function Papers() {
  const w = inLanguage(articleWords, useWords()).papers;
  return (
    <>
      <p className="small ink2">{w.note}</p>
      <ul>
        {papers.map(({ key, title, arxiv, code }) => (
          <li key={key}>
            <cite>{title}</cite>: <External to={arxivAddress(arxiv)}>arXiv {arxiv}</External>
            {code.map(({ name, address }) => (
              <span key={name}>
                , <External to={address}>{name}</External>
              </span>
            ))}
            {key === 'compress-to-impress' && w.builtOn}
          </li>
        ))}
      </ul>
    </>
  );
}
