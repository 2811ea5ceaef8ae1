/**
 * The column of bars next to the map: heading, the bars aligned with the map's rows, sums and key.
 */
import { useDeferredValue } from 'react';
import type { RankTable } from '../../studies/map/rank-table.ts';
import type { MapLayout } from '../../state/layout.ts';
import { useSize } from '../parts/use-size.ts';
import { numbersOf } from '../../language/numbers.ts';
import { Term } from '../parts/Term.tsx';
import { useWords } from '../use-words.ts';
import { barsEnd, layerSums } from './layer-sums.ts';
import { LayerBars } from './LayerBars.tsx';

interface Props {
  table: RankTable;
  layout: MapLayout;
  /** Ranks per module if all modules had the same. */
  meanRank: number;
  /** Shows layer numbers at the left, for use without the map. */
  numbered?: boolean;
}

export function MapBars({ table, layout, meanRank, numbered }: Props) {
  const words = useWords();
  const n = numbersOf(words.locale);
  const { ref, width, height } = useSize<HTMLDivElement>();
  const ready = table.allocation !== null;
  const sums = layerSums(useDeferredValue(table), layout.layers);
  const uniform = (meanRank * table.rows.length) / Math.max(1, layout.layers);
  const end = barsEnd(sums, uniform);
  const groups = new Set(layout.columns.map((c) => c.group));
  return (
    <div className="side" id="layer-bars">
      <div className="heading bars-head">{words.map.perLayer}</div>
      <div className="heading uniform">
        <span style={{ left: `${(100 * uniform) / end}%` }}>
          <Term of="uniform">{words.map.uniform(uniform)}</Term>
        </span>
      </div>
      {numbered && (
        <div className="sums numbers small ink2">
          {sums.map((s) => (
            <div key={s.layer}>{s.layer}</div>
          ))}
        </div>
      )}
      <div className="bars" ref={ref} role="img" aria-label={words.map.barsName(layout.layers)}>
        {width > 0 && (
          <LayerBars sums={sums} uniform={uniform} end={end} width={width} height={height} />
        )}
      </div>
      <div className="sums small ink2" aria-label={words.map.sumsName} role="group">
        {sums.map((s) => (
          <div key={s.layer}>{ready ? n.whole(s.total) : ''}</div>
        ))}
      </div>
      <div className="key heading">
        {groups.has('attention') && (
          <span>
            <i className="swatch" style={{ background: 'var(--line-this)' }} />
            {words.map.attention}
          </span>
        )}
        {groups.has('mlp') && (
          <span>
            <i className="swatch" style={{ background: 'var(--bar-mlp)' }} />
            {words.map.mlp}
          </span>
        )}
        {groups.has('other') && (
          <span>
            <i className="swatch" style={{ background: 'var(--bar-other)' }} />
            {words.map.other}
          </span>
        )}
      </div>
    </div>
  );
}
