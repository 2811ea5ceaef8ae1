/** A circle for each row of a chart. Implemented as a Recharts line that shows only its dots. */
import type { SVGProps } from 'react';
import { Line, type DotItemDotProps } from 'recharts';

interface Props<Row> {
  /** Key of the row's value on the vertical axis. */
  dataKey: string;
  /** Radius and colours of a row's circle. */
  look(row: Row): Pick<SVGProps<SVGCircleElement>, 'r' | 'fill' | 'stroke' | 'strokeWidth'>;
}

export function Points<Row>({ dataKey, look }: Props<Row>) {
  return (
    <Line
      dataKey={dataKey}
      stroke="none"
      isAnimationActive={false}
      dot={({ key, cx, cy, payload }: DotItemDotProps) => (
        <circle key={key} cx={cx} cy={cy} {...look(payload as Row)} />
      )}
    />
  );
}
