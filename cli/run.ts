/**
 * `rank-atlas run`: an experiment from a file, a link or a preset; progress on stderr, the rank
 * table on stdout.
 */
import { AtlasError } from '../src/errors.ts';
import { compareDigest, type ResultDigest } from '../src/experiment/digest.ts';
import { resultText, textTable } from '../src/studies/map/export.ts';
import { decodeLink, isLink } from '../src/experiment/link.ts';
import { stageOf } from '../src/studies/map/draws.ts';
import { timeLeft, type Measurement } from '../src/studies/map/state.ts';
import type { RunResult } from '../src/studies/map/result.ts';
import { parseSpec, presetSpec, presets } from '../src/experiment/schema.ts';
import { setByPaths, usesText } from '../src/experiment/settings.ts';
import { studies } from '../src/studies/registry.ts';
import type { ExperimentSpec } from '../src/studies/spec.ts';
import { readJson } from './disk.ts';
import { measured } from './measured.ts';
import { refuseUnused, type Command, type OptionName, type Options } from './options.ts';
import { writeBytes } from './output.ts';
import { clearLine, line } from './progress.ts';
import { idsOf, ownText, settingsOf } from './settings.ts';
import { runStudy } from './run-study.ts';
import { openStudy } from './study.ts';

export const run: Command = async (argument, options) => {
  const { spec: asked, digest } = await experimentOf(argument);
  const set = setByPaths(asked, settingsOf(options));
  refuseUnused(
    options,
    unusedBy(set),
    set.study === null ? 'a measurement' : `the study "${set.study}"`,
  );
  const spec = await withOptions(asked, options);
  if (spec.study !== null) return runStudy(spec.study, spec, options);
  const { context, keeper, dispose } = await openStudy(spec, options);
  let result: RunResult;
  try {
    const batch = await context.tokens(spec.text, spec);
    if (batch.sequences < spec.sequences)
      console.error(
        `rank-atlas: the text has only ${batch.sequences} sequences of ${batch.length} tokens; these are used.`,
      );
    result = await measured(context, batch, await keeper(null), (state, event) => {
      if (event.type === 'draws') progress(state, event.repeat, event.layer);
    });
  } finally {
    clearLine();
    await dispose();
  }
  if (options.out !== undefined) await writeBytes(options.out, resultText(result));
  console.log(textTable(result));
  if (digest) console.log(comparison(digest, result));
  return 0;
};

/**
 * Options that say nothing to an experiment: a text is measured on, an adapter is raced or written
 * with, a changed model is saved.
 */
function unusedBy(spec: ExperimentSpec): OptionName[] {
  const study = spec.study === null ? null : studies[spec.study];
  return [
    ...(usesText(spec) ? [] : (['text', 'ids'] as const)),
    ...(study?.takesAdapter(spec) ? [] : (['adapter'] as const)),
    ...(study?.exported ? [] : (['out-model'] as const)),
  ];
}

/** The experiment an argument names: a link, a preset or a spec file. */
async function experimentOf(
  argument: string,
): Promise<{ spec: ExperimentSpec; digest: ResultDigest | null }> {
  if (isLink(argument)) {
    const { spec, digest, damaged, textKeptBack } = await decodeLink(argument);
    for (const at of damaged)
      console.error(`rank-atlas: this link is damaged at "${at}"; the default was used there.`);
    if (textKeptBack)
      console.error(
        'rank-atlas: the maker of this link kept the text back; give yours with --text, or the bundled one is used.',
      );
    return { spec, digest };
  }
  if (presets.has(argument)) return { spec: presetSpec(argument), digest: null };
  const json = await readJson(
    argument,
    `"${argument.slice(0, 200)}" is neither a spec file, nor a link, nor a preset (${[...presets.keys()].join(', ')})`,
  );
  return { spec: parseSpec(json), digest: null };
}

/** `--text`, `--ids`, `--seed`, `--bos` and `--set` over the experiment. */
async function withOptions(spec: ExperimentSpec, options: Options): Promise<ExperimentSpec> {
  const { text, ids } = options;
  if (ids !== undefined) refuseUnused(options, ['bos'], '--ids');
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

function progress(state: Measurement, repeat: number, layer: number | null): void {
  const left = timeLeft(state);
  const time = left === null ? '' : `, about ${Math.ceil(left / 1000)} s left`;
  const { kind, at, of } = stageOf(state.spec.method, repeat);
  line(`Measuring, ${kind} ${at} of ${of}${layer === null ? '' : `, layer ${layer}`}${time}`);
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
        : `Differs: the link was made with other ${reason === 'model' ? 'model files' : 'tokens'}.`;
  }
}
