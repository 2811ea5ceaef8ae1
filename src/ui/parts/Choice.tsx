/** A labelled select. `note` names the default if another value is chosen. */
import { useId } from 'react';

export function Choice<T extends string>({
  label,
  value,
  options,
  why,
  note = null,
  onChange,
}: {
  label: string;
  value: T;
  options: readonly (readonly [T, string])[];
  why?: string;
  note?: string | null;
  onChange(value: T): void;
}) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>
        <span>{label}</span>
        {note && <small className="ink3">{note}</small>}
      </label>
      <select
        id={id}
        className="select"
        value={value}
        title={why}
        onChange={(e) => onChange(e.target.value as T)}
      >
        {options.map(([v, words]) => (
          <option key={v} value={v}>
            {words}
          </option>
        ))}
      </select>
    </div>
  );
}
