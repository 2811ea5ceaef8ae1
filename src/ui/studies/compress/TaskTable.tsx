/** The rows of a multiple-choice task: a bundled one to read, or a copy of it to edit. */
import { useEffect, useState } from 'react';
import { elementAt } from '../../../checked.ts';
import type { TaskRow } from '../../../studies/compress/settings.ts';
import { readTask } from '../../../studies/compress/task.ts';
import { failureOf } from '../../../state/engine.ts';
import { useExperiment } from '../../../state/experiment-store.ts';
import { useModel } from '../../../state/model-store.ts';
import { fileOf } from '../../../state/texts.ts';
import { taskFile } from '../../../studies/compress/study.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { compressWords } from '../../../studies/compress/words.ts';
import { useWords } from '../../use-words.ts';
import { useChange } from './CompressSettings.tsx';

const PAGE = 5;

export function TaskTable() {
  const w = inLanguage(compressWords, useWords()).table;
  const [open, setOpen] = useState(false);
  const task = useExperiment((e) => e.spec.compress.task);
  return (
    <details
      className="advanced rule-top"
      open={open}
      onToggle={(e) => setOpen(e.currentTarget.open)}
    >
      <summary>{w.title}</summary>
      {open &&
        (task.kind === 'text' ? (
          <p className="small ink2">{w.text}</p>
        ) : task.kind === 'own' ? (
          <Rows key="own" rows={task.rows} own />
        ) : (
          <Bundled key={task.id} id={task.id} />
        ))}
    </details>
  );
}

function Bundled({ id }: { id: string }) {
  const [rows, setRows] = useState<TaskRow[] | null>(null);
  useEffect(() => {
    let live = true;
    fileOf(taskFile(id))
      .then(readTask)
      .then(
        (read) => {
          if (live) setRows(read);
        },
        (error: unknown) => {
          if (live) useModel.setState({ failure: failureOf(error) });
        },
      );
    return () => {
      live = false;
    };
  }, [id]);
  return rows && <Rows rows={rows} own={false} />;
}

function Rows({ rows, own }: { rows: TaskRow[]; own: boolean }) {
  const w = inLanguage(compressWords, useWords()).table;
  const change = useChange();
  const [page, setPage] = useState(0);
  const pages = Math.ceil(rows.length / PAGE);
  const first = Math.min(page, pages - 1) * PAGE;
  const last = Math.min(rows.length, first + PAGE);
  const set = (next: TaskRow[]) => change('task', { task: { kind: 'own', rows: next } });
  return (
    <div className="task-table">
      <p className="small ink2">{w.note}</p>
      {rows.slice(first, last).map((row, i) => (
        <Row
          key={first + i}
          number={first + i + 1}
          row={row}
          own={own}
          onChange={(to) => set(rows.map((r, j) => (j === first + i ? to : r)))}
          onRemove={() => set(rows.filter((_, j) => j !== first + i))}
        />
      ))}
      <p className="small row centre">
        <span className="ink2">{w.page(first + 1, last, rows.length)}</span>
        <button
          type="button"
          className="link"
          disabled={first === 0}
          onClick={() => setPage(first / PAGE - 1)}
        >
          {w.previous}
        </button>
        <button
          type="button"
          className="link"
          disabled={last === rows.length}
          onClick={() => setPage(first / PAGE + 1)}
        >
          {w.next}
        </button>
        {own ? (
          <button
            type="button"
            className="link"
            onClick={() => {
              set([...rows, structuredClone(elementAt(rows, -1))]);
              setPage(Math.floor(rows.length / PAGE));
            }}
          >
            {w.add}
          </button>
        ) : (
          <button type="button" className="link" onClick={() => set(rows)}>
            {w.edit}
          </button>
        )}
      </p>
    </div>
  );
}

interface RowProps {
  number: number;
  row: TaskRow;
  own: boolean;
  onChange(row: TaskRow): void;
  onRemove(): void;
}

function Row({ number, row, own, onChange, onRemove }: RowProps) {
  const w = inLanguage(compressWords, useWords()).table;
  return (
    <div className="task-row" role="group" aria-label={w.rowQuestion(number)}>
      {own ? (
        <Field
          name={w.rowQuestion(number)}
          value={row.question}
          onCommit={(question) => onChange({ ...row, question })}
        />
      ) : (
        <p lang="">{row.question}</p>
      )}
      <div className="task-options">
        {row.options.map((option, i) => (
          <span key={i} className="task-option">
            <input
              type="radio"
              name={`answer-${number}`}
              aria-label={w.answer(i)}
              checked={row.answer === i}
              disabled={!own}
              onChange={() => onChange({ ...row, answer: i })}
            />
            {own ? (
              <Field
                name={w.option(number, i)}
                value={option}
                onCommit={(value) =>
                  onChange({ ...row, options: row.options.map((o, j) => (j === i ? value : o)) })
                }
              />
            ) : (
              <span lang="">{option.trim()}</span>
            )}
          </span>
        ))}
      </div>
      {own && (
        <button
          type="button"
          className="link small"
          aria-label={w.removeName(number)}
          onClick={onRemove}
        >
          {w.remove}
        </button>
      )}
    </div>
  );
}

/**
 * Takes effect on blur or Enter; an empty value is reset. Leading spaces are part of an option, so
 * they are not trimmed.
 */
function Field({
  name,
  value,
  onCommit,
}: {
  name: string;
  value: string;
  onCommit(value: string): void;
}) {
  const [draft, setDraft] = useState<string | null>(null);
  function commit() {
    if (draft !== null && draft.trim() !== '' && draft !== value) onCommit(draft);
    setDraft(null);
  }
  return (
    <input
      className="input"
      lang=""
      aria-label={name}
      value={draft ?? value}
      onChange={(e) => setDraft(e.target.value)}
      onBlur={commit}
      onKeyDown={(e) => {
        if (e.key === 'Enter') commit();
        if (e.key === 'Escape' && draft !== null) {
          setDraft(null);
          e.stopPropagation();
        }
      }}
    />
  );
}
