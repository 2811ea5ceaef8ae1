/**
 * Predicted against measured change of the loss: small removals at the left, the candidates tried
 * at the right, each on its own scale.
 */
import type { Check, Trial } from '../../../studies/compress/state.ts';
import { numbersOf } from '../../../language/numbers.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { compressWords } from '../../../studies/compress/words.ts';
import { useWords } from '../../use-words.ts';
import { decimals, rangeOf, ticksOf } from './axis.ts';

interface Point {
  predicted: number;
  measured: number;
  filled: boolean;
}

const LEFT = 46;
const TOP = 20;
const BOTTOM = 34;

function Plot({
  x0,
  width,
  height,
  title,
  points,
  colour,
}: {
  x0: number;
  width: number;
  height: number;
  title: string;
  points: readonly Point[];
  colour: string;
}) {
  const words = useWords();
  const w = inLanguage(compressWords, words);
  const n = numbersOf(words.locale);
  const [xLow, xHigh] = points.length > 0 ? rangeOf(points.map((p) => p.predicted)) : [-1, 1];
  const [yLow, yHigh] = points.length > 0 ? rangeOf(points.map((p) => p.measured)) : [-1, 1];
  const left = x0 + LEFT;
  const inner = Math.max(1, width - LEFT - 16);
  const plot = height - TOP - BOTTOM;
  const x = (v: number) => left + (inner * (v - xLow)) / (xHigh - xLow);
  const y = (v: number) => TOP + (plot * (yHigh - v)) / (yHigh - yLow);
  const xTicks = points.length > 0 ? ticksOf(xLow, xHigh, 2) : [];
  const yTicks = points.length > 0 ? ticksOf(yLow, yHigh, 4) : [];
  // Where prediction and truth are equal, within both ranges.
  const from = Math.max(xLow, yLow);
  const to = Math.min(xHigh, yHigh);
  return (
    <g>
      <text x={left} y={12} fontSize={12} fill="var(--ink2)">
        {title}
      </text>
      {yTicks.map((t) => (
        <g key={t}>
          <line
            x1={left}
            x2={left + inner}
            y1={y(t)}
            y2={y(t)}
            stroke={t === 0 ? 'var(--rule2)' : 'var(--rule)'}
          />
          <text x={left - 5} y={y(t) + 4} textAnchor="end" fontSize={12} fill="var(--ink2)">
            {n.fixed(t, decimals(yTicks))}
          </text>
        </g>
      ))}
      {xTicks.map((t) => (
        <g key={t}>
          <line
            x1={x(t)}
            x2={x(t)}
            y1={TOP}
            y2={TOP + plot}
            stroke={t === 0 ? 'var(--rule2)' : 'var(--rule)'}
          />
          <text
            x={x(t)}
            y={height - BOTTOM + 15}
            textAnchor="middle"
            fontSize={12}
            fill="var(--ink2)"
          >
            {n.fixed(t, decimals(xTicks))}
          </text>
        </g>
      ))}
      {points.length > 0 && to > from && (
        <line
          x1={x(from)}
          y1={y(from)}
          x2={x(to)}
          y2={y(to)}
          stroke="var(--rule2)"
          strokeDasharray="4 3"
        />
      )}
      {points.map((p, i) => (
        <circle
          key={i}
          cx={x(p.predicted)}
          cy={y(p.measured)}
          r={3.5}
          fill={p.filled ? colour : 'var(--sheet)'}
          stroke={colour}
          strokeWidth={1.5}
        />
      ))}
      <text
        x={left + inner / 2}
        y={height - 4}
        textAnchor="middle"
        fontSize={12}
        fill="var(--ink3)"
      >
        {w.predicted}
      </text>
    </g>
  );
}

export function Scatter({
  width,
  height,
  checks,
  trials,
}: {
  width: number;
  height: number;
  checks: readonly Check[];
  trials: readonly Trial[];
}) {
  const w = inLanguage(compressWords, useWords());
  const half = (width - 12) / 2;
  return (
    <svg width={width} height={height}>
      <Plot
        x0={0}
        width={half}
        height={height}
        title={w.small}
        points={checks.map((c) => ({ ...c, filled: true }))}
        colour="var(--line-this)"
      />
      <Plot
        x0={half + 12}
        width={half}
        height={height}
        title={w.tried}
        points={trials.map((t) => ({ ...t, filled: t.accepted }))}
        colour="var(--line-random)"
      />
    </svg>
  );
}
