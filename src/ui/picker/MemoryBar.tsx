/** A model's memory need by part, compared with the limit of a page on this device. */
import { usePlotArea } from 'recharts';
import type { MemoryNeed } from '../../worker/protocol.ts';
import { axisOf } from '../charts/axis.ts';
import { Chart, useX } from '../charts/Chart.tsx';
import { ChartImage } from '../charts/ChartImage.tsx';
import { numbersOf } from '../../language/numbers.ts';
import { useWords } from '../use-words.ts';

const parts = [
  ['weights', 'var(--line-this)'],
  ['activations', 'var(--bar-mlp)'],
  ['workspace', 'var(--rule2)'],
] as const;

const GB = 1e9;

export function MemoryBar({ need }: { need: MemoryNeed }) {
  const words = useWords();
  const w = words.picker;
  const n = numbersOf(words.locale);
  const label = parts.map(([name]) => `${w.parts[name]} ${words.size(need[name])}`).join(', ');
  const { ticks, print } = axisOf([0, need.limit / GB], n.fixed);
  return (
    <div>
      <ChartImage name={w.barName(label)} height={38}>
        {(width) => (
          <Chart
            width={width}
            height={38}
            x={{
              domain: [0, (Math.max(need.limit, need.total) / GB) * 1.12],
              // Omits ticks that would overlap the label of the limit.
              ticks: ticks.filter((t) => t * GB < need.limit * 0.75),
              print,
            }}
            top={1}
            right={0}
          >
            <Bar need={need} allowed={w.allowed(need.limit)} />
          </Chart>
        )}
      </ChartImage>
      <p className="small ink2 parts">
        {parts.map(([name, fill]) => (
          <span key={name}>
            <i className="swatch" style={{ background: fill }} />
            {w.parts[name]} {words.size(need[name])}
          </span>
        ))}
      </p>
    </div>
  );
}

/** The parts stacked over the allowed range. The excess is hatched. */
function Bar({ need, allowed }: { need: MemoryNeed; allowed: string }) {
  const scale = useX();
  const plot = usePlotArea();
  if (!plot) return null;
  const x = (bytes: number) => scale(bytes / GB);
  const between = (from: number, to: number) => Math.max(0, x(to) - x(from));
  const starts = parts.map((_, i) =>
    parts.slice(0, i).reduce((sum, [name]) => sum + need[name], 0),
  );
  const limit = x(need.limit);
  return (
    <>
      <defs>
        <pattern
          id="over"
          width={5}
          height={5}
          patternUnits="userSpaceOnUse"
          patternTransform="rotate(45)"
        >
          <rect width={5} height={5} fill="var(--surface)" />
          <rect width={2} height={5} fill="var(--err)" />
        </pattern>
      </defs>
      <rect
        x={x(0)}
        y={plot.y}
        width={between(0, need.limit)}
        height={plot.height}
        fill="var(--void)"
      />
      {parts.map(([name, fill], i) => (
        <rect
          key={name}
          x={x(starts[i]!)}
          y={plot.y}
          width={between(starts[i]!, starts[i]! + need[name])}
          height={plot.height}
          fill={fill}
        />
      ))}
      {need.total > need.limit && (
        <rect
          x={limit}
          y={plot.y}
          width={between(need.limit, need.total)}
          height={plot.height}
          fill="url(#over)"
          stroke="var(--err)"
        />
      )}
      <path
        d={`M${limit} ${plot.y - 1}v${plot.height + 7}`}
        stroke="var(--ink)"
        strokeWidth={1.5}
        fill="none"
      />
      <text
        x={Math.min(limit, plot.x + plot.width - 60)}
        y={plot.y + plot.height + 20}
        textAnchor="middle"
        style={{ fill: 'var(--ink)' }}
      >
        {allowed}
      </text>
    </>
  );
}
