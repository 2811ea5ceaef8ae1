/**
 * Wraps every chart: title, finding and unit, and exports of the same data as a table, SVG and CSV.
 * An empty chart has the same height. The finding is the accessible name.
 */
import { useRef, useState, type ReactNode } from 'react';
import { csvComment, csvJson, csvRow } from '../../spec/csv.ts';
import type { ExperimentSpec } from '../../studies/spec.ts';
import { attempt } from '../../state/attempt.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { useModel } from '../../state/model-store.ts';
import { useStudy } from '../../state/study-store.ts';
import { download, fileName } from '../export/download.ts';
import { useHasBanner } from '../frame/Banner.tsx';
import { usePresent } from '../frame/present.ts';
import { useMedia } from '../parts/use-media.ts';
import { useWords } from '../use-words.ts';
import { ChartImage } from './ChartImage.tsx';

export interface ChartData {
  columns: readonly string[];
  rows: readonly (readonly (string | number | null)[])[];
}

/**
 * Height of a chart in CSS pixels. Charts are lower if the window is short or the banner is shown,
 * and larger on a projector, like all other elements.
 */
export function useChartHeight(): number {
  const short = useMedia('(max-height: 849px)');
  const low = useMedia('(max-height: 999px)');
  const small = useHasBanner() || short;
  const presenting = usePresent();
  return presenting && low ? (small ? 170 : 196) : small ? 196 : presenting ? 250 : 236;
}

/**
 * The model and the experiment of the visible chart; null if the open study has no data yet.
 */
function sourceNow(): { model: { title: string; hash: string }; spec: ExperimentSpec } | null {
  const { spec: now } = useExperiment.getState();
  const { states, specs } = useStudy.getState();
  // Ranks follow the current budget.
  if (now.study === 'map' && states.map)
    return { model: states.map.model, spec: { ...states.map.spec, allocation: now.allocation } };
  const spec = specs[now.study];
  const model = useModel.getState().facts;
  return spec && model && { model, spec };
}

interface Props {
  title: string;
  /** What the chart covers, below its title. */
  covers?: string;
  /** null: the chart belongs to the chart above, whose finding covers both. */
  finding: string | null;
  note?: string;
  /** Shown as the last of the tools. */
  close?: ReactNode;
  /** No data yet: the finding is shown in a lighter colour. */
  empty: boolean;
  unit: string;
  height: number;
  data: ChartData;
  print(value: number, column: number): string;
  children(width: number): ReactNode;
}

export function ChartFrame({
  title,
  covers,
  finding,
  note = '',
  close,
  empty,
  unit,
  height,
  data,
  print,
  children,
}: Props) {
  const words = useWords();
  const [table, setTable] = useState(false);
  const box = useRef<HTMLDivElement>(null);

  async function saveSvg() {
    const from = sourceNow();
    if (!box.current || !from) return;
    const { model, spec } = from;
    const source = `Rank Atlas · ${model.title} · sha256 ${model.hash.slice(0, 12)} · ${words.chips.seed(spec.seed)}`;
    const { chartSvg } = await import('./chart-svg.ts');
    download(
      `${fileName('rank-atlas', model.title, title)}.svg`,
      chartSvg(box.current, { title, finding: finding ?? '', unit, source }),
      'image/svg+xml',
    );
  }
  function saveCsv() {
    const from = sourceNow();
    if (!from) return;
    const { model, spec } = from;
    const head = [
      csvComment(`Rank Atlas: ${title}`),
      csvComment(`model ${model.title} sha256 ${model.hash}`),
      csvJson('spec', spec),
    ];
    download(
      `${fileName('rank-atlas', model.title, title)}.csv`,
      `${[...head, csvRow(data.columns), ...data.rows.map(csvRow)].join('\n')}\n`,
      'text/csv',
    );
  }
  return (
    <>
      <div className="head">
        <h2>{title}</h2>
        <span className="tools">
          <button
            type="button"
            className="link"
            aria-pressed={table}
            disabled={empty}
            onClick={() => setTable(!table)}
          >
            {table ? words.panel.chart : words.map.table}
          </button>
          <button
            type="button"
            className="link"
            disabled={empty || table}
            onClick={() => void attempt(saveSvg)}
          >
            {words.map.svg}
          </button>
          <button type="button" className="link" disabled={empty} onClick={saveCsv}>
            {words.map.csv}
          </button>
          {close}
        </span>
      </div>
      {covers !== undefined && <p className="small ink2 covers">{covers}</p>}
      {finding !== null && (
        <div className="slot minor">
          <p className={`finding minor${empty ? ' ink3' : ''}`}>{finding}</p>
          <p className="how small ink2">{note}</p>
        </div>
      )}
      {table && !empty ? (
        <DataTable title={title} height={height + 20} data={data} print={print} />
      ) : (
        <ChartImage
          box={box}
          name={finding === null ? title : `${title}. ${finding}`}
          unit={unit}
          height={height}
        >
          {children}
        </ChartImage>
      )}
    </>
  );
}

function DataTable({
  title,
  height,
  data,
  print,
}: Pick<Props, 'title' | 'height' | 'data' | 'print'>) {
  return (
    <div
      className="chart-table"
      style={{ maxHeight: height }}
      tabIndex={0}
      role="region"
      aria-label={title}
    >
      <table>
        <thead>
          <tr>
            {data.columns.map((c) => (
              <th key={c} scope="col">
                {c}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.rows.map((row, i) => (
            <tr key={i}>
              {row.map((v, c) => (
                <td key={c}>{typeof v === 'number' ? print(v, c) : v}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
