/** Beside the map of differences: the settings that differ, both maps small, and rank by rank. */
import { useEffect, useRef } from 'react';
import { elementAt } from '../../checked.ts';
import { describeChanges, isMeasured } from '../../experiment/settings.ts';
import { mapLayout } from '../../state/layout.ts';
import { useMap, type KeptResult } from '../../state/map-store.ts';
import { palette, scaleEnd } from '../colour.ts';
import { niceTicks } from '../plate/RepeatDots.tsx';
import { useDark } from '../parts/use-media.ts';
import { useSize } from '../parts/use-size.ts';
import { describeChange, nameOf } from '../../words/describe.ts';
import { useWords } from '../use-words.ts';
import { useComparison } from './CompareMap.tsx';

type Comparison = ReturnType<typeof useComparison>;

export function ComparePlate({ a, b }: { a: KeptResult; b: KeptResult }) {
  const words = useWords();
  const w = words.compare;
  const comparison = useComparison(a, b);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const changes = describeChanges(a.result.spec, b.result.spec).filter(
    ({ path }) =>
      [a, b].some(({ result }) => isMeasured(path, result.spec)) && path !== 'model.hash',
  );
  return (
    <>
      <div className="head">
        <h2 id="plate-title" ref={heading} tabIndex={-1}>
          {w.plate}
        </h2>
        <button
          type="button"
          className="button small close"
          onClick={() => useMap.setState({ comparing: null })}
        >
          {words.close} <small>Esc</small>
        </button>
      </div>
      <p className="finding minor">{w.order(comparison.spearman)}</p>
      <p className="ink2 small">
        {changes.length
          ? `${changes.map((c) => describeChange(words, c)).join(', ')}. ${w.same}`
          : w.allSame}
      </p>
      <div className="two">
        <Mini
          kept={a}
          rows={comparison.modules.map((m) => m.a)}
          title={`${w.a}: ${nameOf(words, a.result.spec)}`}
        />
        <Mini
          kept={b}
          rows={comparison.modules.map((m) => m.b)}
          title={`${w.b}: ${nameOf(words, b.result.spec)}`}
        />
      </div>
      <Scatter comparison={comparison} />
    </>
  );
}

function Mini({
  kept,
  rows,
  title,
}: {
  kept: KeptResult;
  rows: readonly { multiple: number | null }[];
  title: string;
}) {
  const { sequential } = palette(useDark());
  const { layers } = kept.result.model;
  const layout = mapLayout(kept.result.modules, layers);
  const end = scaleEnd(Math.max(...rows.map((r) => r.multiple ?? 0)));
  const template = layout.groups.map((g) => `repeat(${g.count}, minmax(0, 1fr))`).join(' 4px ');
  const place = (i: number) => 1 + i + layout.groups.findIndex((g) => i < g.from + g.count);
  return (
    <div>
      <p className="small ink2 ellipsis">{title}</p>
      <div className="mini" role="img" aria-label={title} style={{ gridTemplateColumns: template }}>
        {layout.cells.map(
          (m, i) =>
            m >= 0 && (
              <i
                key={i}
                style={{
                  gridColumn: place(i % layout.columns.length),
                  gridRow: 1 + Math.floor(i / layout.columns.length),
                  height: layers > 16 ? 6 : 14,
                  background: sequential((elementAt(rows, m).multiple ?? 0) / end).css,
                }}
              />
            ),
        )}
      </div>
    </div>
  );
}

const HEIGHT = 264;
const LEFT = 30;
const BOTTOM = 36;
const TOP = 20;
const RIGHT = 10;

function Scatter({ comparison: { modules, spearman } }: { comparison: Comparison }) {
  const words = useWords();
  const w = words.compare;
  const { ref, width } = useSize<HTMLDivElement>();
  const ticks = niceTicks(
    0,
    Math.max(4, ...modules.flatMap((m) => [m.a.rank ?? 0, m.b.rank ?? 0])),
  );
  const end = elementAt(ticks, -1);
  const x = (v: number) => LEFT + ((width - LEFT - RIGHT) * v) / end;
  const y = (v: number) => HEIGHT - BOTTOM - ((HEIGHT - BOTTOM - TOP) * v) / end;
  return (
    <div ref={ref} className="dots">
      {width > 0 && (
        <svg width={width} height={HEIGHT} role="img" aria-label={w.scatterName(spearman)}>
          <text x={0} y={10} style={{ fill: 'var(--ink3)' }}>
            {w.rankOf(w.b)}
          </text>
          {ticks.map((t) => (
            <g key={t}>
              <line x1={LEFT} x2={width - RIGHT} y1={y(t)} y2={y(t)} stroke="var(--rule)" />
              <text x={LEFT - 7} y={y(t) + 4} textAnchor="end">
                {t}
              </text>
              <text x={x(t)} y={HEIGHT - BOTTOM + 16} textAnchor="middle">
                {t}
              </text>
            </g>
          ))}
          <line
            x1={x(0)}
            y1={y(0)}
            x2={x(end)}
            y2={y(end)}
            stroke="var(--rule2)"
            strokeDasharray="3 3"
          />
          {modules.map((m) =>
            m.parts ? (
              <circle
                key={m.a.index}
                cx={x(m.a.rank ?? 0)}
                cy={y(m.b.rank ?? 0)}
                r={4}
                fill="var(--line-this)"
              />
            ) : (
              <circle
                key={m.a.index}
                cx={x(m.a.rank ?? 0)}
                cy={y(m.b.rank ?? 0)}
                r={3}
                fill="none"
                stroke="var(--line-uniform)"
                strokeWidth={1.25}
              />
            ),
          )}
          <text
            x={(LEFT + width - RIGHT) / 2}
            y={HEIGHT - 4}
            textAnchor="middle"
            style={{ fill: 'var(--ink3)' }}
          >
            {w.rankOf(w.a)}
          </text>
        </svg>
      )}
      <p className="small ink2">
        <span style={{ color: 'var(--line-this)' }}>●</span> {w.part} &nbsp;{' '}
        <span style={{ color: 'var(--line-uniform)' }}>○</span> {w.overlap}
      </p>
    </div>
  );
}
