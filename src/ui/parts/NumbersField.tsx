/**
 * A list of numbers, typed as "1, 2, 4". The list takes effect on Enter or on blur. The schema
 * reports invalid numbers.
 */
import { useId, useState } from 'react';

interface Props {
  label: string;
  value: readonly number[];
  hint: string;
  note?: string | null;
  step?: 1 | 'any';
  placeholder?: string;
  onCommit(numbers: number[]): void;
}

export function NumbersField({
  label,
  value,
  hint,
  note = null,
  step = 'any',
  placeholder,
  onCommit,
}: Props) {
  const id = useId();
  const [draft, setDraft] = useState<string | null>(null);
  const numbers = (draft ?? '')
    .split(/[\s,、]+/)
    .filter(Boolean)
    .map(Number);
  const valid = numbers.every(step === 1 ? Number.isInteger : Number.isFinite);
  function commit() {
    if (draft !== null && valid && numbers.join() !== value.join()) onCommit(numbers);
    setDraft(null);
  }
  return (
    <div className="field">
      <label htmlFor={id}>
        <span>{label}</span>
        {note && <small className="ink3">{note}</small>}
      </label>
      <input
        id={id}
        className="input"
        inputMode={step === 1 ? 'numeric' : 'decimal'}
        autoComplete="off"
        placeholder={placeholder}
        value={draft ?? value.join(', ')}
        aria-invalid={!valid}
        onChange={(e) => setDraft(e.target.value)}
        onBlur={commit}
        onKeyDown={(e) => {
          if (e.key === 'Enter') commit();
        }}
      />
      <p className="small ink3 hint">{hint}</p>
    </div>
  );
}
