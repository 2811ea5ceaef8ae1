/**
 * A fixed line under the map with all values of the module under the pointer or with the focus. It
 * updates during a run.
 */
import type { ReactNode } from 'react';
import type { RankRow } from '../../studies/map/rank-table.ts';
import type { WeightFormat } from '../../compiler/modules.ts';
import { Term } from '../parts/Term.tsx';
import { numbersOf } from '../../language/numbers.ts';
import { useWords } from '../use-words.ts';
import { describeFormat } from '../../words/format.ts';
import { span } from './cell-content.ts';

const Field = ({
  label,
  children,
  className,
}: {
  label: ReactNode;
  children: ReactNode;
  className?: string;
}) => (
  <div className={className}>
    <small className="what">{label}</small>
    {children}
  </div>
);

/**
 * `format` is undefined for recorded results. `whole`: the single value of a module summarises a
 * whole run, so no interval or number of repeats is shown.
 */
export function FocusStrip({
  row,
  whole,
  format,
  certainty,
  adapter,
}: {
  row: RankRow | undefined;
  whole: boolean;
  format: WeightFormat | undefined;
  certainty: { one: string; several: string };
  /** The row has an adapter's rank. */
  adapter: boolean;
}) {
  const words = useWords();
  const n = numbersOf(words.locale);
  if (!row) return <div className="strip ink3 small">{words.strip.hint}</div>;
  const { module, importance, margin, multiple, rank, range } = row;
  return (
    <div className="strip">
      <Field
        label={
          <>
            <b>{words.strip.title(module.layer, module.role)}</b>{' '}
            <span className="wide-strip">
              {module.outFeatures} × {module.inFeatures}
              {format && `, ${describeFormat(words, format)}`}
            </span>
          </>
        }
      >
        <span className="path">{module.path}</span>
      </Field>
      {!adapter && (
        <Field label={<Term of="disagreement">{words.strip.disagreement}</Term>}>
          {importance === null ? words.strip.none : n.significant(importance)}
          {importance !== null && !whole && (
            <small className="ink2">
              {' '}
              {range && margin !== null
                ? span(importance - margin, importance + margin, n.significant)
                : words.strip.repeats(row.draws.length)}
            </small>
          )}
        </Field>
      )}
      <Field label={adapter ? words.adapters.multiple : words.strip.multiple}>
        {multiple === null ? words.strip.none : n.fixed(multiple, range ? 2 : 1)}
      </Field>
      <Field label={words.strip.rank}>
        {rank === null ? (
          words.strip.afterRepeat
        ) : (
          <>
            {range ? span(range.low, range.high) : rank}
            {!whole && !adapter && (
              <small className="ink2">
                {' '}
                {!range ? words.strip.soFar : row.settled ? certainty.one : certainty.several}
              </small>
            )}
          </>
        )}
      </Field>
      <Field label={words.strip.parameters} className="wide-strip">
        {row.parameters === null ? words.strip.none : n.whole(row.parameters)}
      </Field>
    </div>
  );
}
