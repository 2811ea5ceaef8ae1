/** The methods paragraph of a finished run: model, method, batch, every setting, versions. */
import { settingsOf } from '../experiment/settings.ts';
import { inLanguage } from '../language/in-language.ts';
import { numbersOf } from '../language/numbers.ts';
import { countsOf, drawsAsked } from '../studies/map/draws.ts';
import type { RunResult } from '../studies/map/result.ts';
import { manifestOf } from '../studies/manifest-of.ts';
import { studyOf } from '../studies/registry.ts';
import type { ExperimentSpec } from '../studies/spec.ts';
import { articleWords } from './article-words.ts';
import { describeSetting, describeText } from './describe.ts';
import type { Words } from './en.ts';

interface More {
  /** The experiment of a finished study other than the map; null without one. */
  studied: ExperimentSpec | null;
  /** The command that repeats the measurement. */
  command: string;
}

/** Settings of the measurement that a sentence of their own names. */
const NAMED = /^(version|model|text|sequences|length|seed|study|method\.(name|repeats))(\.|$)/;

export function methodsParagraph(
  words: Words,
  { spec, model, tokens, provider, versions, modules }: RunResult,
  { studied, command }: More,
): string {
  const w = inLanguage(articleWords, words).methods;
  const n = numbersOf(words.locale);
  const { method } = spec;
  const list = (of: readonly { path: string; value: unknown }[]) =>
    of.map((setting) => describeSetting(words, setting)).join(w.comma);
  const common = ['base', 'bos', 'method', 'allocation'] as const;
  const settings = common
    .flatMap((key) => settingsOf(spec[key], key))
    .filter(({ path }) => !NAMED.test(path));
  const sentences = [
    w.measured({
      modules: n.whole(modules.length),
      model: model.title,
      hash: model.hash.slice(0, 12),
      version: versions.rankAtlas,
    }),
    w.method({
      method: words.methods.names[method.name],
      about: words.methods.of[method.name].about,
      counts: words.methods.counts(countsOf(method, drawsAsked(method))),
    }),
    w.batch({
      sequences: n.whole(tokens.sequences),
      length: n.whole(tokens.length),
      text: describeText(words, spec.text),
      hash: tokens.hash.slice(0, 12),
      seed: String(spec.seed),
    }),
    w.settings(list(settings)),
    w.provider({
      runtime: versions.onnxruntime,
      provider: [provider.kind, provider.device, words.chips.threads(provider.threads)].join(
        w.comma,
      ),
    }),
    w.command(command),
  ];
  if (studied) sentences.push(w.study(ofStudy(words, studied, list)));
  return sentences.join(w.space);
}

/** A study's own settings, and the common settings that it uses in addition to the map's. */
function ofStudy(
  words: Words,
  spec: ExperimentSpec,
  list: (of: readonly { path: string; value: unknown }[]) => string,
) {
  const { study } = spec;
  const uses = studyOf(study).uses(spec);
  const own = study === 'map' ? [] : settingsOf(spec[study], study);
  const training = uses.includes('training') ? settingsOf(spec.training, 'training') : [];
  return {
    study: inLanguage(manifestOf(study).labels, words).tab,
    list: list([...settingsOf(spec.seed, 'seed'), ...own, ...training]),
  };
}
