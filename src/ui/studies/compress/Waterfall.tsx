/**
 * One module's components, strongest first: their singular values above; below, what dropping each
 * would change to first order, as bars, and what dropping it and all weaker ones would, as a line,
 * with the components that stay marked off.
 */
import { elementAt } from '../../../checked.ts';
import type { Spectrum } from '../../../studies/compress/state.ts';
import { numbersOf } from '../../../language/numbers.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { compressWords } from '../../../studies/compress/words.ts';
import { useWords } from '../../use-words.ts';
import { decimals, rangeOf, ticksOf } from './axis.ts';

/**
 * By component, blocks added up: σ (their mean), the change when it goes, and when it and all
 * weaker ones go.
 */
export interface Component {
  sigma: number;
  change: number;
  tail: number;
}

export function componentsOf({ sigma, gradient }: Spectrum): Component[] {
  const most = Math.max(...sigma.map((s) => s.length));
  const out: Component[] = [];
  let tail = 0;
  for (let i = most - 1; i >= 0; i--) {
    const own = sigma.filter((s) => i < s.length);
    const change = sigma.reduce(
      (sum, s, b) => (i < s.length ? sum - s[i]! * elementAt(gradient, b)[i]! : sum),
      0,
    );
    tail += change;
    out.unshift({ sigma: own.reduce((sum, s) => sum + s[i]!, 0) / own.length, change, tail });
  }
  return out;
}

const LEFT = 52;
const RIGHT = 10;
const STRIP = 44;
const GAP = 14;
const BOTTOM = 32;

export function Waterfall({
  width,
  height,
  components,
  keep,
}: {
  width: number;
  height: number;
  components: readonly Component[];
  keep: number | null;
}) {
  const words = useWords();
  const w = inLanguage(compressWords, words);
  const n = numbersOf(words.locale);
  const count = Math.max(1, components.length);
  const [low, high] =
    components.length > 0 ? rangeOf(components.flatMap((c) => [c.change, c.tail])) : [-1, 1];
  const top = STRIP + GAP;
  const inner = Math.max(0, width - LEFT - RIGHT);
  const plot = height - top - BOTTOM;
  const strongest = components[0]?.sigma ?? 1;
  const x = (i: number) => LEFT + (inner * i) / count;
  const y = (v: number) => top + (plot * (high - v)) / (high - low);
  const s = (v: number) => 4 + (STRIP - 4) * (1 - v / strongest);
  const ticks = components.length > 0 ? ticksOf(low, high, 4) : [0];
  const digits = decimals(ticks);
  const bar = Math.max(0.6, (inner / count) * 0.8);
  const line = (f: (c: Component) => number) =>
    components
      .map(
        (c, i) =>
          `${i === 0 ? 'M' : 'L'}${(x(i) + inner / count / 2).toFixed(1)} ${f(c).toFixed(1)}`,
      )
      .join('');
  return (
    <svg width={width} height={height}>
      {keep !== null && (
        <rect
          x={x(keep)}
          width={Math.max(0, width - RIGHT - x(keep))}
          y={4}
          height={height - BOTTOM - 4}
          fill="var(--void)"
        />
      )}
      {components.length > 0 && (
        <text x={LEFT - 8} y={s(strongest) + 8} textAnchor="end" fontSize={12} fill="var(--ink2)">
          σ
        </text>
      )}
      <path
        d={line((c) => s(c.sigma))}
        fill="none"
        stroke="var(--line-uniform)"
        strokeWidth={1.5}
      />
      <line x1={LEFT} x2={width - RIGHT} y1={STRIP} y2={STRIP} stroke="var(--rule)" />
      {ticks.map((t) => (
        <g key={t}>
          <line
            x1={LEFT}
            x2={width - RIGHT}
            y1={y(t)}
            y2={y(t)}
            stroke={t === 0 ? 'var(--rule2)' : 'var(--rule)'}
          />
          {components.length > 0 && (
            <text x={LEFT - 6} y={y(t) + 4} textAnchor="end" fontSize={12} fill="var(--ink2)">
              {n.fixed(t, digits)}
            </text>
          )}
        </g>
      ))}
      {components.map((c, i) => (
        <rect
          key={i}
          x={x(i) + (inner / count - bar) / 2}
          width={bar}
          y={Math.min(y(0), y(c.change))}
          height={Math.abs(y(c.change) - y(0))}
          fill={c.change < 0 ? 'var(--bar-mlp)' : 'var(--line-random)'}
        />
      ))}
      <path d={line((c) => y(c.tail))} fill="none" stroke="var(--line-this)" strokeWidth={1.5} />
      {keep !== null && (
        <line
          x1={x(keep)}
          x2={x(keep)}
          y1={4}
          y2={height - BOTTOM}
          stroke="var(--ink)"
          strokeDasharray="3 3"
        />
      )}
      {components.length > 0 &&
        [0, count].map((i) => (
          <text
            key={i}
            x={x(i)}
            y={height - BOTTOM + 14}
            textAnchor={i === 0 ? 'start' : 'end'}
            fontSize={12}
            fill="var(--ink2)"
          >
            {i === 0 ? 1 : n.whole(count)}
          </text>
        ))}
      <text
        x={LEFT + inner / 2}
        y={height - 4}
        textAnchor="middle"
        fontSize={12}
        fill="var(--ink3)"
      >
        {w.component}
      </text>
    </svg>
  );
}

export function WaterfallLegend() {
  const w = inLanguage(compressWords, useWords());
  return (
    <ul className="rank-legend small ink2">
      <li>
        <svg width="18" height="8" aria-hidden="true">
          <path d="M0 4h18" stroke="var(--line-uniform)" strokeWidth="1.5" />
        </svg>
        {w.sigma}
      </li>
      <li>
        <svg width="18" height="8" aria-hidden="true">
          <path d="M0 4h18" stroke="var(--line-this)" strokeWidth="1.5" />
        </svg>
        {w.cumulative}
      </li>
    </ul>
  );
}
