/** Links below a chart that choose its view. */
export function ViewChoice<T>({
  label,
  views,
  view,
  onChange,
}: {
  label: string;
  views: readonly (readonly [view: T, name: string])[];
  view: T;
  onChange(view: T): void;
}) {
  return (
    <div className="budgets small" role="group" aria-label={label}>
      {views.map(([v, name]) => (
        <button
          key={name}
          type="button"
          className="link"
          aria-pressed={view === v}
          onClick={() => onChange(v)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
