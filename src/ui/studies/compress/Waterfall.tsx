/**
 * The components of one module, largest singular value first. Above: the singular values. Below:
 * the first-order change of the loss when one component is removed (bars), and when it and all
 * smaller ones are removed (line). The removed components are shaded.
 */
import { DefaultZIndexes, usePlotArea, ZIndexLayer } from 'recharts';
import { elementAt } from '../../../checked.ts';
import type { Spectrum } from '../../../studies/compress/state.ts';
import { numbersOf } from '../../../language/numbers.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { compressWords } from '../../../studies/compress/words.ts';
import { axisOf } from '../../charts/axis.ts';
import { Chart, leftOf, useScales } from '../../charts/Chart.tsx';
import { ChartLegend, LineKey } from '../../charts/ChartLegend.tsx';
import { look } from '../../charts/looks.ts';
import { SeriesLine } from '../../charts/SeriesLine.tsx';
import { useWords } from '../../use-words.ts';

/**
 * One component, over all row blocks: the mean σ, the change of the loss when it is removed, and
 * the change when it and all smaller ones are removed (`tail`).
 */
export interface Component {
  sigma: number;
  change: number;
  tail: number;
}

export function componentsOf({ sigma, gradient }: Spectrum): Component[] {
  const max = Math.max(...sigma.map((s) => s.length));
  const out: Component[] = [];
  let tail = 0;
  for (let i = max - 1; i >= 0; i--) {
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

/** Height of the chart of singular values, in CSS pixels. */
const STRIP = 56;
const SIGMA = { ...look('uniform'), width: 1.5 };
const TAIL = { ...look('this'), width: 1.5 };

export function Waterfall({
  width,
  height,
  components,
  retained,
}: {
  width: number;
  height: number;
  components: readonly Component[];
  retained: number | null;
}) {
  const words = useWords();
  const n = numbersOf(words.locale);
  const count = Math.max(1, components.length);
  const changes = components.flatMap((c) => [c.change, c.tail]);
  const y = axisOf(changes.length > 0 ? [0, ...changes] : [], n.fixed);
  const strongest = components[0]?.sigma ?? 1;
  // Each component is centred in an interval of length 1: the first from 0 to 1.
  const x = {
    domain: [0, count] as const,
    print: (i: number) => n.whole(Math.max(1, i)),
  };
  const left = leftOf(y);
  return (
    <>
      <Chart
        width={width}
        height={STRIP}
        rows={components.map((c, i) => ({ x: i + 0.5, sigma: c.sigma }))}
        x={{ ...x, ticks: [] }}
        y={{
          domain: [0, strongest],
          ticks: components.length > 0 ? [strongest] : [],
          print: () => 'σ',
        }}
        left={left}
      >
        <Dropped retained={retained} count={count} />
        <SeriesLine dataKey="sigma" look={SIGMA} dots={0} />
      </Chart>
      <Chart
        width={width}
        height={height - STRIP}
        rows={components.map((c, i) => ({ x: i + 0.5, tail: c.tail }))}
        x={{
          ...x,
          ticks: components.length > 0 ? [0, count] : [],
          label: inLanguage(compressWords, words).component,
        }}
        y={y}
        left={left}
      >
        <Dropped retained={retained} count={count} />
        <Changes components={components} />
        <SeriesLine dataKey="tail" look={TAIL} dots={0} />
      </Chart>
    </>
  );
}

/** Shades the removed components, with a dashed line at the boundary. */
function Dropped({ retained, count }: { retained: number | null; count: number }) {
  const plot = usePlotArea();
  if (!plot || retained === null) return null;
  const from = plot.x + (plot.width * retained) / count;
  return (
    <>
      <ZIndexLayer zIndex={DefaultZIndexes.grid}>
        <path
          d={`M${from} ${plot.y}H${plot.x + plot.width}v${plot.height}H${from}`}
          fill="var(--void)"
        />
      </ZIndexLayer>
      <path d={`M${from} ${plot.y}v${plot.height}`} stroke="var(--ink)" strokeDasharray="3 3" />
    </>
  );
}

/** A bar for each component. There may be hundreds, so all bars of one colour are one path. */
function Changes({ components }: { components: readonly Component[] }) {
  const scales = useScales();
  if (!scales) return null;
  const { x, y } = scales;
  const wide = Math.max(0.6, 0.8 * (x(1) - x(0)));
  const bars = (better: boolean) =>
    components
      .map(({ change }, i) =>
        change < 0 === better
          ? `M${x(i + 0.5) - wide / 2} ${y(0)}h${wide}V${y(change)}h${-wide}z`
          : '',
      )
      .join('');
  return (
    <>
      <path d={bars(true)} fill="var(--bar-mlp)" />
      <path d={bars(false)} fill="var(--line-random)" />
    </>
  );
}

export function WaterfallLegend() {
  const w = inLanguage(compressWords, useWords());
  return (
    <ChartLegend
      items={[
        { key: <LineKey look={SIGMA} />, words: w.sigma },
        { key: <LineKey look={TAIL} />, words: w.cumulative },
      ]}
    />
  );
}
