/** One line of a chart, through the rows that have a value under `dataKey`. */
import { Line } from 'recharts';
import type { LineLook } from './looks.ts';

interface Props {
  dataKey: string;
  look: LineLook;
  /** Radius of the dot at each value, in pixels; 0: no dots. */
  dots: number;
  /** Draws a thin line, for one of several lines behind the main line. */
  faint?: boolean;
}

export function SeriesLine({ dataKey, look: { stroke, dash, width = 2 }, dots, faint }: Props) {
  return (
    <Line
      dataKey={dataKey}
      stroke={stroke}
      strokeWidth={faint ? 1 : width}
      strokeOpacity={faint ? 0.5 : 1}
      strokeDasharray={dash}
      dot={dots > 0 && { r: dots, fill: stroke, strokeWidth: 0, strokeDasharray: '0' }}
      isAnimationActive={false}
      connectNulls
    />
  );
}
