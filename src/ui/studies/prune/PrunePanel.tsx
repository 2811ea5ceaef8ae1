/**
 * Panel of LoSA: sparsity and rank in each round, losses, similarity of the layers, reconstruction
 * errors, and other methods.
 */
import { useState } from 'react';
import { defined, elementAt } from '../../../checked.ts';
import { findingOf, type PruneState } from '../../../studies/prune/state.ts';
import { PRUNED_FILES } from '../../../studies/prune/files.ts';
import { targetOf } from '../../../studies/prune/target.ts';
import { useModules } from '../../../state/derived.ts';
import { useExperiment } from '../../../state/experiment-store.ts';
import { prunedFile } from '../../../state/adapters.ts';
import { useStudy } from '../../../state/study-store.ts';
import { numbersOf } from '../../../language/numbers.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { pruneWords } from '../../../studies/prune/words.ts';
import { useWords } from '../../use-words.ts';
import { ChartFrame, useChartHeight } from '../../charts/ChartFrame.tsx';
import { SaveLinks } from '../../panel/SaveLinks.tsx';
import { UseAsBase } from '../../panel/UseAsBase.tsx';
import { HeatGrid, type HeatCell } from '../../charts/HeatGrid.tsx';
import { ViewChoice } from '../../charts/ViewChoice.tsx';
import { PruneLegend, PruneLines } from './PruneLines.tsx';
import { PruneSettings } from './PruneSettings.tsx';
import { Ways } from './Ways.tsx';

const views = ['rounds', 'loss', 'similarity', 'errors'] as const;
type View = (typeof views)[number];

export function Panel() {
  const state = useStudy((s) => s.states.prune);
  const w = inLanguage(pruneWords, useWords());
  const [view, setView] = useState<View>('rounds');
  const Chart = { rounds: Rounds, loss: Losses, similarity: Similarity, errors: Errors }[view];
  return (
    <>
      <Chart state={state} />
      <ViewChoice
        label={w.views.label}
        views={views.map((v) => [v, w.views[v]])}
        view={view}
        onChange={setView}
      />
      {state && <Ways state={state} />}
      {state?.result && (
        <SaveLinks
          of="pruned"
          modelTitle={state.model.title}
          files={PRUNED_FILES.map((file) => [file, w.files[file]] as const)}
          write={(file, dataName) => prunedFile(state.spec, file, dataName)}
        />
      )}
      {state?.result && <UseAsBase base="pruned" ran={state.spec} />}
      <PruneSettings />
    </>
  );
}

/** The panel's finding and note, the same in every view. */
function useFinding(state: PruneState | null): { finding: string; note: string } {
  const w = inLanguage(pruneWords, useWords());
  const phase = useStudy((s) => s.phase.prune);
  const { prune, training } = useExperiment((e) => e.spec);
  if (!state)
    return {
      finding: w.empty(prune.rounds),
      note: w.emptyNote(targetOf(prune).sparsity, training.steps),
    };
  const found = findingOf(state);
  const note = state.doing && (phase === 'idle' ? w.interrupted : w.doing(state.doing));
  return found
    ? { finding: w.finding(found), note: note ?? w.note(found) }
    : { finding: w.running, note: note ?? '' };
}

interface ViewProps {
  state: PruneState | null;
}

/** The frame properties that all views share. */
function useFrame(state: PruneState | null, view: View, empty: boolean) {
  const w = inLanguage(pruneWords, useWords());
  const height = useChartHeight();
  const finding = useFinding(state);
  return {
    title: w.titles[view],
    unit: view === 'similarity' ? '' : w.units[view],
    height,
    empty,
    ...finding,
  };
}

function Rounds({ state }: ViewProps) {
  const words = useWords();
  const w = inLanguage(pruneWords, words);
  const n = numbersOf(words.locale);
  const { layers } = useModules();
  const planned = useExperiment((e) => e.spec.prune.rounds);
  const rounds = state?.rounds ?? [];
  const count = state?.spec.prune.rounds ?? planned;
  const frame = useFrame(state, 'rounds', rounds.length === 0);
  const cellOf = (layer: number, i: number): HeatCell => {
    const zeros = rounds[i]?.zeros[layer];
    const rank = rounds[i]?.ranks?.[layer] ?? null;
    const title = `${w.axis.layerName(layer)}, ${w.axis.roundName(i + 1)}`;
    return zeros === undefined
      ? { fill: null, word: '', title }
      : {
          fill: zeros,
          word: rank === null ? '' : n.whole(rank),
          title: `${title}: ${w.cell(Math.round(1000 * zeros) / 1000, rank)}`,
        };
  };
  const { columns } = w;
  return (
    <ChartFrame
      {...frame}
      print={(v, column) => n.fixed(v, [0, 0, 1, 1, 0, 4][column]!)}
      data={{
        columns: [
          columns.round,
          columns.layer,
          columns.target,
          columns.zeros,
          columns.rank,
          columns.error,
        ],
        rows: rounds.flatMap((r) =>
          r.zeros.map((zeros, l) => [
            r.round,
            l,
            100 * r.sparsities[l]!,
            100 * zeros,
            r.ranks?.[l] ?? null,
            r.errors[l] ?? null,
          ]),
        ),
      }}
    >
      {(width) => (
        <HeatGrid
          width={width}
          height={frame.height}
          cells={Array.from({ length: layers }, (_, l) =>
            Array.from({ length: count }, (__, i) => cellOf(l, i)),
          )}
          rowAxis={columns.layer}
          columnAxis={columns.round}
          columnNames={Array.from({ length: count }, (_, i) => String(i + 1))}
        />
      )}
    </ChartFrame>
  );
}

function Losses({ state }: ViewProps) {
  const words = useWords();
  const w = inLanguage(pruneWords, words);
  const n = numbersOf(words.locale);
  const planned = useExperiment((e) => e.spec.prune.rounds);
  const rounds = state?.rounds ?? [];
  const count = state?.spec.prune.rounds ?? planned;
  const frame = useFrame(state, 'loss', !rounds.some((r) => r.pruned !== null));
  const level = state?.dense ? { name: w.legend.dense, value: state.dense.loss } : null;
  const lines = [
    { name: w.legend.repaired, values: rounds.map((r) => r.repaired) },
    { name: w.legend.pruned, values: rounds.map((r) => r.pruned) },
  ];
  return (
    <>
      <ChartFrame
        {...frame}
        print={(v, column) => n.fixed(v, column === 0 ? 0 : column === 1 ? 1 : 4)}
        data={{
          columns: [
            w.columns.round,
            w.columns.target,
            w.columns.pruned,
            w.columns.repaired,
            w.columns.dense,
          ],
          rows: rounds.map((r) => [
            r.round,
            100 * r.target,
            r.pruned,
            r.repaired,
            defined(state).dense?.loss ?? null,
          ]),
        }}
      >
        {(width) => (
          <PruneLines
            width={width}
            height={frame.height}
            first={1}
            positions={count}
            axis={w.axis.round}
            lines={lines}
            level={level}
          />
        )}
      </ChartFrame>
      <PruneLegend lines={lines} level={level} />
    </>
  );
}

function Similarity({ state }: ViewProps) {
  const words = useWords();
  const w = inLanguage(pruneWords, words);
  const n = numbersOf(words.locale);
  const { layers } = useModules();
  const last = state?.rounds.at(-1);
  const frame = useFrame(state, 'similarity', !last);
  // Layers of one residual stream are similar, so the colour scale starts near the smallest value.
  const min = Math.min(1, ...(last?.similarity.flat() ?? []));
  const low = [0.99, 0.98, 0.95, 0.9, 0.5].find((v) => min >= v) ?? 0;
  const digits = low >= 0.9 ? 3 : 2;
  const names = Array.from({ length: layers }, (_, l) => n.whole(l));
  const cells = names.map((_, i) =>
    names.map((__, j): HeatCell => {
      const v = last?.similarity[i]?.[j];
      const title = `${w.axis.layerName(i)}, ${w.axis.layerName(j)}`;
      return v === undefined
        ? { fill: null, word: '', title }
        : {
            fill: (v - low) / (1 - low),
            word: n.fixed(v, digits),
            title: `${title}: ${n.fixed(v, 4)}`,
          };
    }),
  );
  return (
    <ChartFrame
      {...frame}
      unit={w.units.similarity(last ? low : 0)}
      print={(v, column) => (column === 0 ? n.whole(v) : n.fixed(v, 4))}
      data={{
        columns: [w.columns.layer, ...names, w.columns.c, w.columns.importance],
        rows:
          last?.similarity.map((row, l) => [l, ...row, last.redundancy[l]!, last.importance[l]!]) ??
          [],
      }}
    >
      {(width) => (
        <HeatGrid
          width={width}
          height={frame.height}
          cells={cells}
          rowAxis={w.columns.layer}
          columnAxis={w.columns.layer}
          columnNames={names}
        />
      )}
    </ChartFrame>
  );
}

function Errors({ state }: ViewProps) {
  const words = useWords();
  const w = inLanguage(pruneWords, words);
  const n = numbersOf(words.locale);
  const { layers } = useModules();
  const rounds = (state?.rounds ?? []).filter((r) => r.errors.length > 0);
  const last = rounds.at(-1);
  const frame = useFrame(state, 'errors', !last);
  const padded = (errors: readonly number[]) =>
    Array.from({ length: layers }, (_, l) => errors[l] ?? null);
  const lines = last
    ? [
        { name: w.axis.roundName(last.round), values: padded(last.errors) },
        ...(rounds.length > 1
          ? [{ name: w.axis.roundName(1), values: padded(elementAt(rounds, 0).errors) }]
          : []),
      ]
    : [];
  return (
    <>
      <ChartFrame
        {...frame}
        print={(v, column) => (column === 0 ? n.whole(v) : n.fixed(v, 4))}
        data={{
          columns: [w.columns.layer, ...rounds.map((r) => w.axis.roundName(r.round))],
          rows: Array.from({ length: layers }, (_, l) => [
            l,
            ...rounds.map((r) => r.errors[l] ?? null),
          ]),
        }}
      >
        {(width) => (
          <PruneLines
            width={width}
            height={frame.height}
            first={0}
            positions={layers}
            axis={w.axis.layer}
            lines={lines}
            level={null}
          />
        )}
      </ChartFrame>
      <PruneLegend lines={lines} level={null} />
    </>
  );
}
