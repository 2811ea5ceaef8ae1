/**
 * Panel next to the map of differences: changed settings, both maps in miniature, and a scatter
 * plot of the ranks.
 */
import { useEffect, useRef } from 'react';
import { ReferenceLine } from 'recharts';
import { elementAt } from '../../checked.ts';
import { describeChanges, isMeasured } from '../../experiment/settings.ts';
import { gapsBefore, gridColumns, mapLayout } from '../../state/layout.ts';
import { useMap, type SavedResult } from '../../state/map-store.ts';
import { palette, scaleEnd } from '../colour.ts';
import { axisOf } from '../charts/axis.ts';
import { Chart } from '../charts/Chart.tsx';
import { ChartImage } from '../charts/ChartImage.tsx';
import { Points } from '../charts/Points.tsx';
import { useDark } from '../parts/use-media.ts';
import { numbersOf } from '../../language/numbers.ts';
import { describeChange, nameOf } from '../../words/describe.ts';
import { useWords } from '../use-words.ts';
import { useComparison } from './CompareMap.tsx';

type Comparison = ReturnType<typeof useComparison>;

export function ComparePanel({ a, b }: { a: SavedResult; b: SavedResult }) {
  const words = useWords();
  const w = words.compare;
  const comparison = useComparison(a, b);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  // Both maps have one scale.
  const end = scaleEnd(
    Math.max(...comparison.modules.flatMap((m) => [m.a.multiple ?? 0, m.b.multiple ?? 0])),
  );
  const changes = describeChanges(a.result.spec, b.result.spec).filter(
    ({ path }) =>
      [a, b].some(({ result }) => isMeasured(path, result.spec)) && path !== 'model.hash',
  );
  return (
    <>
      <div className="head">
        <h2 id="panel-title" ref={heading} tabIndex={-1}>
          {w.panel}
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
          saved={a}
          rows={comparison.modules.map((m) => m.a)}
          end={end}
          title={`${w.a}: ${nameOf(words, a.result.spec)}`}
        />
        <Mini
          saved={b}
          rows={comparison.modules.map((m) => m.b)}
          end={end}
          title={`${w.b}: ${nameOf(words, b.result.spec)}`}
        />
      </div>
      <Scatter comparison={comparison} />
    </>
  );
}

function Mini({
  saved,
  rows,
  end,
  title,
}: {
  saved: SavedResult;
  rows: readonly { multiple: number | null }[];
  /** End of the colour scale, in multiples of the mean module. */
  end: number;
  title: string;
}) {
  const { sequential } = palette(useDark());
  const { layers } = saved.result.model;
  const layout = mapLayout(saved.result.modules, layers);
  const place = (column: number) => 1 + column + gapsBefore(layout, column);
  return (
    <div>
      <p className="small ink2 ellipsis">{title}</p>
      <div
        className="mini"
        role="img"
        aria-label={title}
        style={{ gridTemplateColumns: gridColumns(layout, '4px') }}
      >
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

const HEIGHT = 252;

function Scatter({ comparison: { modules, spearman } }: { comparison: Comparison }) {
  const words = useWords();
  const w = words.compare;
  const n = numbersOf(words.locale);
  const ranks = modules.flatMap((m) => [m.a.rank ?? 0, m.b.rank ?? 0]);
  const axis = axisOf([0, 4, ...ranks], n.fixed);
  const [, end] = axis.domain;
  return (
    <div className="dots">
      <ChartImage name={w.scatterName(spearman)} unit={w.rankOf(w.b)} height={HEIGHT}>
        {(width) => (
          <Chart
            width={width}
            height={HEIGHT}
            rows={modules.map((m) => ({ x: m.a.rank ?? 0, y: m.b.rank ?? 0, parts: m.parts }))}
            x={{ ...axis, label: w.rankOf(w.a) }}
            y={axis}
            right={10}
          >
            <ReferenceLine
              segment={[
                { x: 0, y: 0 },
                { x: end, y: end },
              ]}
              stroke="var(--rule2)"
              strokeDasharray="3 3"
            />
            <Points<{ parts: boolean }>
              dataKey="y"
              look={({ parts }) =>
                parts
                  ? { r: 4, fill: 'var(--line-this)' }
                  : { r: 3, fill: 'none', stroke: 'var(--line-uniform)', strokeWidth: 1.25 }
              }
            />
          </Chart>
        )}
      </ChartImage>
      <p className="small ink2">
        <span style={{ color: 'var(--line-this)' }}>●</span> {w.part} &nbsp;{' '}
        <span style={{ color: 'var(--line-uniform)' }}>○</span> {w.others}
      </p>
    </div>
  );
}
