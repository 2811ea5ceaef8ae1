/**
 * Panels embedded in another page, `?embed=map,race`: which panels, what they show first, and
 * running the experiment here. Until the user presses "Run here", no model is loaded and nothing
 * runs. Nothing is stored on the user's machine.
 */
import { create } from 'zustand';
import { defined, elementAt } from '../checked.ts';
import { compareDigest } from '../experiment/digest.ts';
import { drawsAsked } from '../studies/map/draws.ts';
import type { LinkContents } from '../experiment/link.ts';
import { measurementOf, type Measurement } from '../studies/map/state.ts';
import type { RaceResult } from '../studies/race/state.ts';
import { rankTable } from '../studies/map/rank-table.ts';
import type { RunResult } from '../studies/map/result.ts';
import { parseResult } from '../experiment/result-file.ts';
import { parseSpec } from '../experiment/schema.ts';
import { sameMeasurement, studyChanges } from '../experiment/settings.ts';
import { manifestOf } from '../studies/manifest-of.ts';
import { isStudy, type StudyKind } from '../studies/registry.ts';
import { bundledModels } from '../model/bundled-files.ts';
import { engine, failureOf } from './engine.ts';
import { openStudy, useExperiment } from './experiment-store.ts';
import { openLink, useLink } from './link-store.ts';
import { useModel } from './model-store.ts';
import { openModel } from './models.ts';
import { play, showMeasurement } from './runs.ts';
import { useStudy } from './study-store.ts';
import { baseUrl, bundledTexts, request } from './texts.ts';
import type { ChartTab } from './view-store.ts';

const CHARTS = ['layers', 'certainty'] as const satisfies readonly ChartTab[];

export type PanelName = ChartTab | StudyKind;

const isPanel = (name: string): name is PanelName =>
  isStudy(name) || (CHARTS as readonly string[]).includes(name);

/** A study with its own panel. */
const isStudyPanel = (name: string): name is StudyKind =>
  isStudy(name) && manifestOf(name).place !== 'map';

/**
 * The requested panels in order, without duplicates. Only the first study counts, because studies
 * share one engine. Without a known name: the map.
 */
export function panelsOf(search: string): PanelName[] {
  const named = (new URLSearchParams(search).get('embed') ?? '').split(',');
  // Until version 0.2 the train study had this name.
  const asked = [...new Set(named.map((p) => (p === 'slider' ? 'train' : p)))].filter(isPanel);
  const study = asked.find(isStudyPanel);
  const panels = asked.filter((p) => !isStudyPanel(p) || p === study);
  return panels.length > 0 ? panels : ['map'];
}

interface EmbedState {
  /** The source of the visible map; null: there is none. */
  from: { kind: 'recorded'; result: RunResult } | { kind: 'link' } | null;
  /** When and where the visible race was recorded. */
  race: { at: string; device: string } | null;
  /** "Run here" was pressed. */
  begun: boolean;
  ready: boolean;
}

export const useEmbed = create<EmbedState>()(() => ({
  from: null,
  race: null,
  begun: false,
  ready: false,
}));

/** Shows the recorded run of the experiment, or the link's ranks. */
export async function bootEmbed(): Promise<void> {
  const study = panelsOf(location.search).find(isStudyPanel) ?? 'map';
  try {
    const [models, texts, files] = await Promise.all([
      bundledModels(baseUrl()),
      bundledTexts(),
      recordedFiles(),
      openLink(location.hash),
    ]);
    useModel.setState({ models, texts });
    const { contents } = useLink.getState();
    const recorded = parseResult(
      await (await request(`recorded/${elementAt(files, 0).file}`)).json(),
      elementAt(files, 0).file,
    );
    if (!contents) useExperiment.getState().replace(recorded.spec);
    openStudy(study);
    // The empty map has its shape before the model is loaded.
    if (useExperiment.getState().spec.model.id === recorded.model.id)
      useModel.setState({ outline: { layers: recorded.model.layers, modules: recorded.modules } });
    if (!contents || isRecorded(contents, recorded)) {
      showMeasurement(measurementOf(recorded));
      useEmbed.setState({ from: { kind: 'recorded', result: recorded } });
    } else {
      const shown = linkedMap(contents, recorded);
      showMeasurement(shown);
      useStudy.getState().act('map', 'whole');
      if (shown) useEmbed.setState({ from: { kind: 'link' } });
    }
    const race = study === 'race' && files.find((f) => f.study === 'race');
    if (race) await showRace(race.file, race.at ?? '');
  } catch (error) {
    useModel.setState({ failure: failureOf(error) });
  }
  useModel.setState({ engine: 'none' });
  useEmbed.setState({ ready: true });
}

/** `public/recorded/index.json`: the map's run first, then studies with the date of recording. */
const recordedFiles = async (): Promise<{ file: string; study?: StudyKind; at?: string }[]> =>
  (await (await request('recorded/index.json')).json()) as { file: string }[];

/** Whether a link requests the recorded experiment and has no other result. */
function isRecorded({ spec, digest }: LinkContents, recorded: RunResult): boolean {
  if (!sameMeasurement(spec, recorded.spec) || spec.method.repeats !== recorded.spec.method.repeats)
    return false;
  return (
    !digest ||
    compareDigest(digest, { ...recorded, spec: { ...recorded.spec, allocation: spec.allocation } })
      .kind === 'reproduced'
  );
}

/** Largest relative rounding error of an importance in a link, which has 4 digits. */
const ROUNDED = 6e-5;

/**
 * A map from a link's ranks, on the modules of the recorded model. Null if the link is of another
 * model or has no result.
 */
export function linkedMap(
  { spec, digest }: Pick<LinkContents, 'spec' | 'digest'>,
  { model, modules }: Pick<RunResult, 'model' | 'modules'>,
): Measurement | null {
  if (!digest || digest.model !== model.hash || digest.importances.length !== modules.length)
    return null;
  const ranked = (draws: readonly (readonly number[])[]) =>
    rankTable({ modules, draws }, spec.allocation).rows.map((r) => r.rank ?? -1);
  let draws = digest.importances.map((v) => [v]);
  // If rounding changed a rank, adjust the importance within the rounding error.
  draws = ranked(draws).map((rank, i) => [
    elementAt(draws, i)[0]! * (1 + ROUNDED * Math.sign(digest.ranks[i]! - rank)),
  ]);
  if (ranked(draws).some((rank, i) => rank !== digest.ranks[i])) return null;
  return {
    // The number of repeats is known, but not their spread, so there is one map without ranges.
    spec,
    model: { ...model, modules },
    measured: draws.map(([v]) => new Array<number>(drawsAsked(spec.method)).fill(defined(v))),
    draws,
    error: null,
    provider: { kind: 'wasm', device: '', threads: 0, software: false },
    sequences: spec.sequences,
    length: spec.length,
    cleanLoss: null,
    probing: null,
    times: { clean: 0, measure: 0, firstSweep: 0 },
    layersRun: 0,
    result: null,
  };
}

/** Shows the recorded race if the experiment matches. */
async function showRace(file: string, at: string): Promise<void> {
  const result = (await (await request(`recorded/${file}`)).json()) as RaceResult;
  const { format }: { format: unknown } = result;
  const ran = parseSpec(result.spec);
  const { spec } = useExperiment.getState();
  if (
    format !== 'rank-atlas-race' ||
    !sameMeasurement(ran, spec) ||
    studyChanges('race', ran, spec).length > 0
  )
    return;
  const { view, act } = useStudy.getState();
  view('race', { ...result, spec: ran, measuring: null, result }, spec, 1);
  act('race', 'whole');
  useEmbed.setState({ race: { at, device: result.provider.device } });
}

/** The bundled model of the experiment; null: it needs other files. */
export function modelHere(): string | null {
  const { id } = useExperiment.getState().spec.model;
  return useModel.getState().models.find((m) => `bundled:${m.id}` === id)?.id ?? null;
}

/** Runs the visible map here, and then the study among the panels. */
export async function runHere(): Promise<void> {
  const id = modelHere();
  const { study } = useExperiment.getState().spec;
  if (id === null || useEmbed.getState().begun) return;
  useEmbed.setState({ begun: true, from: null, race: null });
  for (const shown of new Set<StudyKind>(['map', study])) {
    useStudy.getState().view(shown, null, null, 0);
    useStudy.getState().act(shown, 'reset');
  }
  if (!engine.open && !(await openModel({ kind: 'bundled', id }))) {
    useEmbed.setState({ begun: false });
    return;
  }
  const stop = useStudy.subscribe(({ phase }) => {
    if (phase.map !== 'done') return;
    stop();
    if (study !== 'map') play(study);
  });
  play('map');
}
