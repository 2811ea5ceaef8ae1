/**
 * A number field. The value takes effect on Enter or on blur. An invalid value is marked and then
 * reset; it is never adjusted silently.
 */
import { useId, useState, type ReactNode } from 'react';

interface BoxProps {
  id?: string;
  /** Accessible name, if no label refers to this field. */
  name?: string;
  value: number;
  min: number;
  max: number;
  step?: 1 | 'any';
  onCommit(value: number): void;
}

export function NumberBox({ id, name, value, min, max, step = 1, onCommit }: BoxProps) {
  const [draft, setDraft] = useState<string | null>(null);
  const parsed = draft === null ? value : draft.trim() === '' ? NaN : Number(draft);
  const valid =
    Number.isFinite(parsed) &&
    parsed >= min &&
    parsed <= max &&
    (step === 'any' || Number.isInteger(parsed));

  function commit() {
    if (draft !== null && valid && parsed !== value) onCommit(parsed);
    setDraft(null);
  }
  return (
    <input
      id={id}
      aria-label={name}
      className="input number"
      type="text"
      inputMode={step === 1 ? 'numeric' : 'decimal'}
      autoComplete="off"
      value={draft ?? String(value)}
      aria-invalid={!valid}
      title={`${min} – ${max}`}
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

interface FieldProps extends Omit<BoxProps, 'id'> {
  label: ReactNode;
  /** Shown when the value is not the default. */
  note?: string | null;
}

export function NumberField({ label, note, name, ...box }: FieldProps) {
  const id = useId();
  return (
    <div className="row centre number-field">
      {/* A term explains itself when clicked, so it cannot be a label, which would pass the
          click on. */}
      {name ? <span>{label}</span> : <label htmlFor={id}>{label}</label>}
      {note && <small className="ink3 note">{note}</small>}
      <NumberBox id={id} name={name} {...box} />
    </div>
  );
}
