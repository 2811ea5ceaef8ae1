/** One line of a chart, through the rows that have a value under its key. */
import { Line } from 'recharts';
import type { LineLook } from './looks.ts';

interface Props {
  dataKey: string;
  look: LineLook;
  /** Radius of the dot at each value, pixels; 0: none. */
  dots: number;
  /** One of several behind the line that counts. */
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
