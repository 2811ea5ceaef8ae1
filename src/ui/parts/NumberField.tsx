/**
 * A number the visitor types. It takes effect on Enter or on leaving the field; what cannot be meant is marked and
 * put back, never silently changed into something else.
 */
import { useId, useState } from 'react';

interface Props {
  label: string;
  value: number;
  min: number;
  max: number;
  step?: number | 'any';
  /** Shown when the value is not the default. */
  note?: string | null;
  disabled?: boolean;
  onCommit(value: number): void;
}

export function NumberField({ label, value, min, max, step = 1, note, disabled, onCommit }: Props) {
  const id = useId();
  const [draft, setDraft] = useState<string | null>(null);
  const parsed = draft === null ? value : draft.trim() === '' ? NaN : Number(draft);
  const valid = Number.isFinite(parsed) && parsed >= min && parsed <= max && (step === 'any' || Number.isInteger(parsed / step));

  function commit() {
    if (draft !== null && valid && parsed !== value) onCommit(parsed);
    setDraft(null);
  }

  return (
    <div className="row centre number-field">
      <label htmlFor={id}>{label}{note && <small className="ink3"> {note}</small>}</label>
      <input
        id={id} className="input number" type="text" inputMode={step === 1 ? 'numeric' : 'decimal'} autoComplete="off" disabled={disabled}
        value={draft ?? String(value)} aria-invalid={!valid} title={`${min} – ${max}`}
        onChange={(e) => setDraft(e.target.value)} onBlur={commit}
        onKeyDown={(e) => {
          if (e.key === 'Enter') commit();
          if (e.key === 'Escape' && draft !== null) { setDraft(null); e.stopPropagation(); }
        }}
      />
    </div>
  );
}
