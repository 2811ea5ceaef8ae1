/**
 * Opens the page: lists, link, model, then the default measurement, which starts automatically
 * because it is bounded and takes seconds. If nothing can be measured, the page shows a recorded
 * run, marked as recorded.
 */
import { defined, elementAt } from '../checked.ts';
import { AtlasError } from '../errors.ts';
import { measurementOf } from '../studies/map/state.ts';
import { parseResult } from '../experiment/result-file.ts';
import { bundledModels, type BundledModel } from '../model/bundled-files.ts';
import { useExperiment } from './experiment-store.ts';
import { openLink, useLink } from './link-store.ts';
import { useModel } from './model-store.ts';
import { useMap } from './map-store.ts';
import { openModel } from './models.ts';
import { play, showMeasurement } from './runs.ts';
import { toDo } from './study-changes.ts';
import { useStudy } from './study-store.ts';
import { baseUrl, bundledTexts, request } from './texts.ts';

/** With the browser's data saver on, nothing is downloaded without a request. */
export const savesData = () =>
  (navigator as { connection?: { saveData?: boolean } }).connection?.saveData === true;

export async function boot(): Promise<void> {
  // A link opened in an existing tab changes only the fragment.
  addEventListener('hashchange', () => void openFragment());
  try {
    const [models, texts] = await Promise.all([bundledModels(baseUrl()), bundledTexts()]);
    useModel.setState({ models, texts });
    await openLink(location.hash);
    const asked = useExperiment.getState().spec.model.id.replace(/^bundled:/, '');
    const id = (models.find((m) => m.id === asked) ?? models[0])?.id;
    if (id === undefined || typeof Worker === 'undefined' || typeof WebAssembly === 'undefined')
      return await showRecorded();
    void outline(defined(models.find((m) => m.id === id)));
    await openAndMeasure(id);
    if (useModel.getState().engine === 'none') await showRecorded();
  } catch (error) {
    const { code, values } =
      error instanceof AtlasError
        ? error
        : new AtlasError('no-file', { file: 'Rank Atlas', why: String(error).slice(0, 100) });
    useModel.setState({ failure: { code, values } });
    await showRecorded();
  }
}

/**
 * Reads the map's shape from a bundled model's config.json, a few hundred bytes, to show the empty
 * map before the model is loaded.
 */
async function outline({ folder }: BundledModel): Promise<void> {
  try {
    const config = (await (await request(`models/${folder}/config.json`)).json()) as {
      model_type?: string;
      num_hidden_layers?: number;
    };
    const layers = config.num_hidden_layers;
    if (config.model_type !== 'llama' || !Number.isInteger(layers)) return;
    const roles = [
      ['q', 'attention'],
      ['k', 'attention'],
      ['v', 'attention'],
      ['o', 'attention'],
      ['gate', 'mlp'],
      ['up', 'mlp'],
      ['down', 'mlp'],
    ] as const;
    const modules = Array.from({ length: defined(layers) }, (_, layer) =>
      roles.map(([role, group]) => ({
        path: '',
        layer,
        role,
        group,
        inFeatures: 0,
        outFeatures: 0,
      })),
    ).flat();
    useModel.setState({ outline: { layers: defined(layers), modules } });
  } catch {
    // This is only a preview. Opening the model reports what is wrong with it.
  }
}

async function openAndMeasure(id: string): Promise<void> {
  const wanted = useExperiment.getState().spec.model;
  const other = !wanted.id.startsWith('bundled:');
  if ((await openModel({ kind: 'bundled', id })) && !other && !savesData()) autoplay();
}

/** Starts now if the tab is visible, else when it becomes visible. */
function autoplay(): void {
  if (document.visibilityState === 'visible') return play('map');
  useMap.setState({ waiting: true });
  document.addEventListener(
    'visibilitychange',
    () => {
      if (!useMap.getState().waiting) return;
      useMap.setState({ waiting: false });
      if (useStudy.getState().phase.map === 'idle') play('map');
    },
    { once: true },
  );
}

async function openFragment(): Promise<void> {
  if (!(await openLink(location.hash))) return;
  const { spec } = defined(useLink.getState().contents);
  const { source } = useModel.getState();
  const id = spec.model.id.replace(/^bundled:/, '');
  if (
    spec.model.id.startsWith('bundled:') &&
    !(source?.kind === 'bundled' && source.id === id) &&
    useModel.getState().models.some((m) => m.id === id)
  )
    await openAndMeasure(id);
  // A finished map of the same experiment is the one to compare; Play would add repeats to it.
  else if (useModel.getState().facts && toDo('map', useStudy.getState(), spec).left) play('map');
}

async function showRecorded(): Promise<void> {
  try {
    const list = (await (await request('recorded/index.json')).json()) as { file: string }[];
    const result = parseResult(
      await (await request(`recorded/${elementAt(list, 0).file}`)).json(),
      elementAt(list, 0).file,
    );
    useExperiment.getState().replace(result.spec);
    showMeasurement(measurementOf(result));
  } catch {
    // The page has no recorded run, so the empty map and the banner remain.
  }
  useModel.setState({ engine: 'none' });
}
