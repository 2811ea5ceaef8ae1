/** Every repeat of one module as a dot, with the 95 % interval of the mean below. */
import { usePlotArea } from 'recharts';
import type { RankRow } from '../../studies/map/rank-table.ts';
import { numbersOf } from '../../language/numbers.ts';
import { axisOf } from '../charts/axis.ts';
import { Chart, useX } from '../charts/Chart.tsx';
import { ChartImage } from '../charts/ChartImage.tsx';
import { useWords } from '../use-words.ts';

export function RepeatDots({ row, current }: { row: RankRow; current: number | null }) {
  const words = useWords();
  const p = words.modulePanel;
  const n = numbersOf(words.locale);
  const { draws, importance, margin, range } = row;
  if (draws.length === 0 || importance === null)
    return <p className="small ink3 rule-top">{p.noRepeats}</p>;
  const sure = margin !== null && range !== null;
  const ends = sure ? ([importance - margin, importance, importance + margin] as const) : null;
  return (
    <div className="dots">
      <ChartImage name={p.repeatsName(draws.map((d) => n.significant(d)).join(', '))} height={88}>
        {(width) => (
          <Chart
            width={width}
            height={88}
            x={{
              ...axisOf([...draws, ...(ends ?? [])], n.fixed),
              label: p.repeatsAxis,
              inset: { left: 14, right: 14 },
            }}
            right={0}
          >
            <Dots draws={draws} current={current} ends={ends} />
          </Chart>
        )}
      </ChartImage>
      {sure && <p className="small ink3">{p.repeatsNote}</p>}
    </div>
  );
}

/** The repeats in one row, and the interval of their mean in a second row. */
function Dots({
  draws,
  current,
  ends,
}: {
  draws: RankRow['draws'];
  current: number | null;
  ends: readonly [low: number, mean: number, high: number] | null;
}) {
  const x = useX();
  const plot = usePlotArea();
  if (!plot) return null;
  const y = plot.y + plot.height * 0.76;
  return (
    <g fill="none">
      {draws.map((d, i) => (
        <circle
          key={i}
          cx={x(d)}
          cy={plot.y + plot.height * 0.26}
          r={4.5}
          strokeWidth={1.75}
          stroke={i === current ? 'var(--now)' : 'var(--line-this)'}
        />
      ))}
      {ends && (
        <path
          d={`M${x(ends[0])} ${y - 4}v8m0-4H${x(ends[2])}m0-4v8M${x(ends[1])} ${y - 3}v6`}
          stroke="var(--ink)"
          strokeWidth={1.5}
        />
      )}
    </g>
  );
}
