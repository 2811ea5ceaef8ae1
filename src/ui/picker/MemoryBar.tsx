/**
 * What a model will take of this machine's memory, part by part, against what a page may have here.
 */
import type { MemoryNeed } from '../../worker/protocol.ts';
import { niceTicks } from '../plate/RepeatDots.tsx';
import { useSize } from '../parts/use-size.ts';
import { useWords } from '../use-words.ts';

const parts = [
  ['weights', 'var(--line-this)'],
  ['activations', 'var(--bar-mlp)'],
  ['workspace', 'var(--rule2)'],
] as const;

export function MemoryBar({ need }: { need: MemoryNeed }) {
  const words = useWords();
  const w = words.picker;
  const { ref, width } = useSize<HTMLDivElement>();
  const end = Math.max(need.limit, need.total) * 1.12;
  const x = (bytes: number) => (width * bytes) / end;
  const starts = parts.map((_, i) =>
    parts.slice(0, i).reduce((sum, [name]) => sum + need[name], 0),
  );
  const label = parts.map(([name]) => `${w.parts[name]} ${words.size(need[name])}`).join(', ');
  const ticks = niceTicks(0, need.limit / 1e9).filter((t) => t * 1e9 < need.limit * 0.75);
  return (
    <div ref={ref}>
      {width > 0 && (
        <svg width={width} height={36} role="img" aria-label={w.barName(label)}>
          <defs>
            <pattern
              id="over"
              width={5}
              height={5}
              patternUnits="userSpaceOnUse"
              patternTransform="rotate(45)"
            >
              <rect width={5} height={5} fill="var(--sheet)" />
              <rect width={2} height={5} fill="var(--err)" />
            </pattern>
          </defs>
          <rect x={0} y={1} width={x(need.limit)} height={14} fill="var(--void)" />
          {parts.map(([name, fill], i) => (
            <rect
              key={name}
              x={x(starts[i]!)}
              y={1}
              width={Math.max(0, x(need[name]))}
              height={14}
              fill={fill}
            />
          ))}
          {need.total > need.limit && (
            <rect
              x={x(need.limit)}
              y={1}
              width={x(need.total - need.limit)}
              height={14}
              fill="url(#over)"
              stroke="var(--err)"
            />
          )}
          <line
            x1={x(need.limit)}
            x2={x(need.limit)}
            y1={0}
            y2={20}
            stroke="var(--ink)"
            strokeWidth={1.5}
          />
          {ticks.map((t) => (
            <text key={t} x={x(t * 1e9)} y={32} textAnchor={t === 0 ? 'start' : 'middle'}>
              {t}
            </text>
          ))}
          <text
            x={Math.min(x(need.limit), width - 60)}
            y={32}
            textAnchor="middle"
            style={{ fill: 'var(--ink)' }}
          >
            {w.allowed(need.limit)}
          </text>
        </svg>
      )}
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
