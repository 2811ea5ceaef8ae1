/**
 * Presents a chart as one image with an accessible name and a unit. Passes the width in pixels to
 * its children.
 */
import type { ReactNode, RefObject } from 'react';
import { useSize } from '../parts/use-size.ts';

interface Props {
  /** Read by screen readers instead of the drawing. */
  name: string;
  unit?: string;
  /** CSS pixels, reserved even before anything is drawn. */
  height: number;
  /** Refers to the drawing without the unit. */
  box?: RefObject<HTMLDivElement | null>;
  children(width: number): ReactNode;
}

export function ChartImage({ name, unit, height, box, children }: Props) {
  const { ref, width } = useSize<HTMLDivElement>();
  return (
    <div className="chart" ref={ref} role="img" aria-label={name}>
      {unit !== undefined && (
        <p className="small ink3" aria-hidden="true">
          {unit}
        </p>
      )}
      <div ref={box} style={{ height }}>
        {width > 0 && children(width)}
      </div>
    </div>
  );
}
