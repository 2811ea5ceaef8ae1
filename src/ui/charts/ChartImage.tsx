/** A chart as one image: its accessible name and its unit. Gives it its width in pixels. */
import type { ReactNode, RefObject } from 'react';
import { useSize } from '../parts/use-size.ts';

interface Props {
  /** What a screen reader says in its place. */
  name: string;
  unit?: string;
  /** CSS pixels, kept also before anything is drawn. */
  height: number;
  /** What is drawn, without the unit. */
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
