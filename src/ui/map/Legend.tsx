/** The legend of the map: the colour ramp with its scale, and the meaning of the text in cells. */
import { useId, type ReactNode } from 'react';
import type { Ramp } from '../colour.ts';

interface RampProps {
  ramp: Ramp;
  from: number;
  to: number;
  ticks: readonly number[];
  /** This tick is drawn long and bold. */
  strong: number;
  print?: (n: number) => string;
  width?: number;
}

/** A horizontal ramp. 25 stops look continuous because the browser interpolates between them. */
export function RampBar({ ramp, from, to, ticks, strong, print = String, width = 150 }: RampProps) {
  const id = useId();
  const x = (v: number) => 6 + ((width - 12) * (v - from)) / (to - from);
  return (
    <svg width={width} height={29} aria-hidden="true">
      <defs>
        <linearGradient id={id}>
          {Array.from({ length: 25 }, (_, i) => (
            <stop key={i} offset={i / 24} stopColor={ramp(i / 24).css} />
          ))}
        </linearGradient>
      </defs>
      <rect
        x={6}
        y={0}
        width={width - 12}
        height={9}
        fill={`url(#${id})`}
        stroke="var(--rule2)"
        strokeWidth={0.75}
      />
      {ticks.map((v) => (
        <g key={v}>
          <rect
            x={x(v) - (v === strong ? 0.75 : 0.5)}
            y={v === strong ? -3 : 9}
            width={v === strong ? 1.5 : 1}
            height={v === strong ? 16 : 4}
            fill={v === strong ? 'var(--ink)' : 'var(--rule2)'}
          />
          <text
            x={x(v)}
            y={26}
            textAnchor="middle"
            style={v === strong ? { fill: 'var(--ink)', fontWeight: 600 } : undefined}
          >
            {print(v)}
          </text>
        </g>
      ))}
    </svg>
  );
}

/** Ticks from 0 to `end`, at most seven, always including 1. */
export const rampTicks = (end: number): number[] =>
  end <= 6
    ? Array.from({ length: end + 1 }, (_, i) => i)
    : [
        0,
        1,
        ...Array.from({ length: end / 2 }, (_, i) => 2 * (i + 1)).filter(
          (v) => end === 8 || v % 4 === 0,
        ),
      ];

export function Legend({
  label,
  bar,
  keys,
}: {
  label: ReactNode;
  bar: RampProps;
  keys: ReactNode;
}) {
  return (
    <div className="legend">
      <div className="ramp">
        <span className="small ink2 nowrap">{label}</span>
        <RampBar {...bar} />
      </div>
      <div className="keys small ink2">{keys}</div>
    </div>
  );
}
