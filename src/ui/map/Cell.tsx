/**
 * One module on the map: the fill shows the multiple, the text the rank, and the ticks the repeats
 * so far.
 */
import { memo, type CSSProperties } from 'react';

export interface CellProps {
  module: number;
  name: string;
  style: CSSProperties;
  text: string;
  settled: boolean;
  void: boolean;
  now: boolean;
  shown: boolean;
  tabbable: boolean;
  /** Repeats done and requested; null when nothing is running. */
  ticks: { done: number; of: number } | null;
}

const sameTicks = (a: CellProps['ticks'], b: CellProps['ticks']) =>
  a?.done === b?.done && a?.of === b?.of;

export const Cell = memo(
  function Cell(p: CellProps) {
    const kind = `cell${p.void ? ' void' : ''}${p.settled ? ' settled' : ''}${p.now ? ' now' : ''}${p.shown ? ' shown' : ''}`;
    return (
      <div
        role="gridcell"
        className={kind}
        style={p.style}
        data-module={p.module}
        tabIndex={p.tabbable ? 0 : -1}
        aria-label={p.name}
      >
        {p.text}
        {p.ticks && !p.void && <Ticks {...p.ticks} />}
      </div>
    );
  },
  (a, b) =>
    a.text === b.text &&
    a.name === b.name &&
    a.settled === b.settled &&
    a.void === b.void &&
    a.now === b.now &&
    a.shown === b.shown &&
    a.tabbable === b.tabbable &&
    a.style.background === b.style.background &&
    a.style.gridColumn === b.style.gridColumn &&
    sameTicks(a.ticks, b.ticks),
);

/** One tick per repeat. More than 8 ticks do not fit, so a bar fills instead. */
function Ticks({ done, of }: { done: number; of: number }) {
  if (of > 8)
    return (
      <span className="ticks" aria-hidden="true">
        <u style={{ width: 28 * Math.min(1, done / of) }} />
        <u className="open" style={{ width: 28 * Math.max(0, 1 - done / of) }} />
      </span>
    );
  return (
    <span className="ticks" aria-hidden="true">
      {Array.from({ length: of }, (_, i) => (
        <u key={i} className={i < done ? undefined : 'open'} />
      ))}
    </span>
  );
}
