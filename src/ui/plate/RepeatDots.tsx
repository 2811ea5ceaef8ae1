/** Every repeat of one module as a dot, with the 95 % interval of the mean below. */
import { defined, elementAt } from '../../checked.ts';
import type { RankRow } from '../../studies/map/rank-table.ts';
import { useSize } from '../parts/use-size.ts';
import { numbersOf } from '../../language/numbers.ts';
import { useWords } from '../use-words.ts';

/** Round values around [low, high]: 4 to 6 of them. */
export function niceTicks(low: number, high: number): number[] {
  const rough = (high - low) / 4 || Math.abs(high) / 4 || 1;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = defined([1, 2, 2.5, 5, 10].map((k) => k * size).find((s) => s >= rough));
  const first = Math.floor(low / step);
  const last = Math.ceil(high / step);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

export function RepeatDots({ row, current }: { row: RankRow; current: number | null }) {
  const words = useWords();
  const p = words.panel;
  const n = numbersOf(words.locale);
  const { ref, width } = useSize<HTMLDivElement>();
  const { draws, importance, margin, range } = row;
  if (draws.length === 0 || importance === null)
    return <p className="small ink3 rule-top">{p.noRepeats}</p>;
  const sure = margin !== null && range !== null;
  const low = Math.min(...draws, sure ? importance - margin : Infinity);
  const high = Math.max(...draws, sure ? importance + margin : -Infinity);
  const ticks = niceTicks(low, high);
  const from = ticks[0]!;
  const to = elementAt(ticks, -1);
  const x = (v: number) => 10 + ((width - 20) * (v - from)) / (to - from);
  return (
    <div className="dots" ref={ref}>
      {width > 0 && (
        <svg
          width={width}
          height={86}
          role="img"
          aria-label={p.repeatsName(draws.map((d) => n.significant(d)).join(', '))}
        >
          {draws.map((d, i) => (
            <circle
              key={i}
              cx={x(d)}
              cy={16}
              r={4.5}
              fill="none"
              strokeWidth={1.75}
              stroke={i === current ? 'var(--now)' : 'var(--line-this)'}
            />
          ))}
          {sure && (
            <path
              d={`M${x(importance - margin)} 31v8m0-4H${x(importance + margin)}m0-4v8M${x(importance)} 32v6`}
              stroke="var(--ink)"
              strokeWidth={1.5}
              fill="none"
            />
          )}
          <line x1={10} x2={width - 10} y1={52} y2={52} stroke="var(--rule2)" />
          {ticks.map((t) => (
            <g key={t}>
              <line x1={x(t)} x2={x(t)} y1={52} y2={56} stroke="var(--rule2)" />
              <text x={x(t)} y={69} textAnchor="middle">
                {n.significant(t)}
              </text>
            </g>
          ))}
          <text x={width / 2} y={84} textAnchor="middle" style={{ fill: 'var(--ink3)' }}>
            {p.repeatsAxis}
          </text>
        </svg>
      )}
      {sure && <p className="small ink3">{p.repeatsNote}</p>}
    </div>
  );
}
