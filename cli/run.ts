/**
 * `rank-atlas run`: runs an experiment from a file, a link or a preset. Progress goes to stderr,
 * the rank table to stdout.
 */
import { AtlasError } from '../src/errors.ts';
import { compareDigest, type ResultDigest } from '../src/experiment/digest.ts';
import type { RunResult } from '../src/studies/map/result.ts';
import { parseSpec, presets } from '../src/experiment/schema.ts';
import { setByPaths, usesText } from '../src/experiment/settings.ts';
import { manifestOf } from '../src/studies/manifest-of.ts';
import type { StudyState } from '../src/studies/contract.ts';
import { compareStudy } from '../src/studies/digest.ts';
import { studyOf, type StudyKind } from '../src/studies/registry.ts';
import type { ExperimentSpec } from '../src/studies/spec.ts';
import { linkedRunEn } from '../src/words/linked-run.en.ts';
import { experimentNamed } from './experiment-argument.ts';
import { refuseUnused, type Command, type OptionName, type Options } from './options.ts';
import { idsOf, ownText, settingsOf } from './settings.ts';
import { runStudy } from './run-study.ts';

export const run: Command = async (argument, options) => {
  const {
    spec: asked,
    digest,
    run: theirs,
  } = await experimentNamed(
    argument,
    new Map([...presets].map(([name, { spec }]) => [name, spec])),
  );
  const set = setByPaths(asked, settingsOf(options));
  refuseUnused(options, unusedBy(set), `the study "${set.study}"`);
  const state = await runStudy(set.study, await withOptions(asked, options), options);
  if (digest && set.study === 'map') console.log(comparison(digest, state.result as RunResult));
  if (theirs && set.study === asked.study)
    console.log(await studyComparison(theirs, state, { study: set.study, map: digest }));
  if (digest && set.study !== 'map') console.log("The link's map was not measured.");
  return 0;
};

/** The options that this experiment ignores. */
function unusedBy(spec: ExperimentSpec): OptionName[] {
  const study = studyOf(spec.study);
  return [
    ...(usesText(spec) ? [] : (['text', 'ids'] as const)),
    ...(study.takesAdapter(spec) ? [] : (['adapter'] as const)),
    ...(manifestOf(spec.study).exported ? [] : (['out-model'] as const)),
  ];
}

/** Applies `--text`, `--ids`, `--seed`, `--bos` and `--set` to the experiment. */
async function withOptions(spec: ExperimentSpec, options: Options): Promise<ExperimentSpec> {
  const { text, ids } = options;
  if (ids !== undefined) {
    refuseUnused(options, ['bos'], '--ids');
    const shape = settingsOf(options).find(([path]) => path === 'sequences' || path === 'length');
    if (shape)
      throw new AtlasError('usage', {
        why: `--ids already sets the number and length of the sequences; omit --set ${shape[0]}`,
      });
  }
  if (text !== undefined && ids !== undefined)
    throw new AtlasError('usage', { why: '--text and --ids exclude each other' });
  const changed =
    text !== undefined
      ? { ...spec, text: await ownText(text) }
      : ids !== undefined
        ? { ...spec, text: { kind: 'ids', ids: idsOf(ids) } }
        : spec;
  return setByPaths(parseSpec(changed), settingsOf(options));
}

/** One sentence: whether the result reproduces that of the link. */
async function studyComparison(
  theirs: object,
  state: StudyState,
  { study, map }: { study: StudyKind; map: ResultDigest | null },
): Promise<string> {
  const evidence = (await manifestOf(study).report()).evidence?.(state);
  const found = evidence && compareStudy(theirs, evidence, map?.model);
  const { tab } = manifestOf(study).labels.en;
  return found ? linkedRunEn[found.kind](tab, found) : linkedRunEn.damaged(tab);
}

function comparison(digest: ResultDigest, result: RunResult): string {
  const { kind, modules, differing, largest, reason } = compareDigest(digest, result);
  const ranks = `${differing.length} of ${modules} ranks differ from the link's, importances by at most ${(100 * largest).toPrecision(2)} %`;
  switch (kind) {
    case 'reproduced':
      return `Reproduced: ${modules} of ${modules} ranks equal the link's.`;
    case 'close':
      return `Close: ${ranks}.`;
    case 'differs':
      return reason === 'ranks'
        ? `Differs: ${ranks}.`
        : `Differs: the link was made with different ${reason === 'model' ? 'model files' : 'tokens'}.`;
  }
}
