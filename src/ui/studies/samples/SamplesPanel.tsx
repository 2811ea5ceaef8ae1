/**
 * Panel of samples: one prompt continued by the base model and with an adapter, side by side, with
 * their first difference and the probability of each token under both.
 */
import { useState } from 'react';
import { csvComment, csvJson, csvRow } from '../../../spec/csv.ts';
import { firstDifference } from '../../../studies/samples/compare.ts';
import type { SamplesState, Writer } from '../../../studies/samples/state.ts';
import { useExperiment } from '../../../state/experiment-store.ts';
import { useStudy } from '../../../state/study-store.ts';
import { download, fileName } from '../../export/download.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { samplesWords } from '../../../studies/samples/words.ts';
import { useWords } from '../../use-words.ts';
import type { Words } from '../../../words/en.ts';
import { ScoreTable } from './ScoreTable.tsx';
import { AdapterChoice, PromptField, SamplesSettings } from './SamplesSettings.tsx';
import { TokenText } from './TokenText.tsx';

export function Panel() {
  const words = useWords();
  const w = inLanguage(samplesWords, words);
  const state = useStudy((s) => s.states.samples);
  const { finding, note, quiet } = useFinding(words, state);
  return (
    <>
      <div className="head">
        <h2>{w.title}</h2>
        <span className="tools">
          <button
            type="button"
            className="link"
            disabled={!state?.result}
            onClick={() => {
              if (state) saveCsv(words, state);
            }}
          >
            {words.map.csv}
          </button>
        </span>
      </div>
      <div className="slot minor">
        <p className={`finding minor${quiet ? ' ink3' : ''}`}>{finding}</p>
        <p className="how small ink2">{note}</p>
      </div>
      <PromptField />
      <AdapterChoice />
      {state ? (
        <Texts key={state.spec.samples.prompt} state={state} />
      ) : (
        <div className="samples" aria-hidden="true" />
      )}
      <SamplesSettings />
    </>
  );
}

function Texts({ state }: { state: SamplesState }) {
  const words = useWords();
  const w = inLanguage(samplesWords, words);
  const { adapter, texts } = state;
  const { prompt } = state.spec.samples;
  const [looked, setLooked] = useState<number | null>(null);
  const writers: Writer[] = adapter ? ['base', 'adapted'] : ['base'];
  const last = Math.max(...writers.map((by) => texts[by].length)) - 1;
  const name =
    adapter &&
    (adapter.rank === null
      ? words.adapters.name(adapter.name)
      : w.atRank(words.adapters.name(adapter.name), adapter.rank));
  return (
    <>
      <div className="samples">
        {writers.map((by) => (
          <section key={by}>
            <h3>{w.by[by]}</h3>
            <p className="small ink2">{(by === 'adapted' ? name : null) ?? '\u00a0'}</p>
            <TokenText by={by} state={state} prompt={prompt} at={looked} onLook={setLooked} />
          </section>
        ))}
      </div>
      {last >= 0 && <ScoreTable state={state} at={looked ?? firstDifference(texts) ?? last} />}
    </>
  );
}

/** The finding, the note, and whether there is no finding yet. */
function useFinding(
  words: Words,
  state: SamplesState | null,
): { finding: string; note: string; quiet: boolean } {
  const w = inLanguage(samplesWords, words);
  const phase = useStudy((s) => s.phase.samples);
  const any = useStudy((s) => s.adapters.length > 0);
  const asked = useExperiment((e) => e.spec.samples.adapter);
  if (!state) {
    const kind = any ? 'pair' : 'alone';
    return { finding: w.empty[kind], note: w.emptyNote[kind], quiet: true };
  }
  const {
    spec: { samples, seed },
    adapter,
    texts,
    time,
    result,
  } = state;
  const done = Math.max(texts.base.length, texts.adapted.length);
  const how = samples.temperature > 0 ? w.sampled(samples.temperature, seed) : w.greedy;
  const spent = time.base + time.adapted;
  const at = firstDifference(texts);
  const progress = !result && phase !== 'idle' ? w.progress(done, samples.tokens) : null;
  if (!adapter)
    return {
      finding: w.alone,
      note:
        progress ??
        (samples.adapter !== null && samples.adapter === asked
          ? w.missing(words.adapters.name(samples.adapter))
          : any
            ? how
            : w.aloneNote),
      quiet: true,
    };
  const pace =
    spent > 0 ? w.speed((1000 * (texts.base.length + texts.adapted.length)) / spent) : '';
  const note =
    progress ??
    [how, adapter.base === 'as-is' ? null : w[adapter.base], pace].filter(Boolean).join(' ');
  return {
    finding: at !== null ? w.part(at + 1) : result ? w.sameToEnd(done) : w.same,
    note,
    quiet: at === null,
  };
}

function saveCsv(words: Words, { result, texts, adapter }: SamplesState): void {
  if (!result) return;
  const c = inLanguage(samplesWords, words).columns;
  const { spec, model } = result;
  const p = (x: number | null | undefined) => (x == null ? null : Math.exp(x));
  const head = [
    csvComment(`Rank Atlas: ${inLanguage(samplesWords, words).title}`),
    csvComment(`model ${model.title} sha256 ${model.hash}`),
    csvJson('spec', spec),
  ];
  const columns = [
    c.index,
    c.base,
    c.underModel,
    ...(adapter ? [c.underAdapter, c.adapted, c.underModel, c.underAdapter] : []),
  ];
  const rows = Array.from({ length: Math.max(texts.base.length, texts.adapted.length) }, (_, i) => {
    const base = texts.base[i];
    const adapted = texts.adapted[i];
    const own = [i + 1, base?.text ?? null, p(base?.logProbability)];
    return adapter
      ? [
          ...own,
          p(base?.other),
          adapted?.text ?? null,
          p(adapted?.other),
          p(adapted?.logProbability),
        ]
      : own;
  });
  download(
    `${fileName('rank-atlas', model.title, inLanguage(samplesWords, words).title)}.csv`,
    `${[...head, csvRow(columns), ...rows.map(csvRow)].join('\n')}\n`,
    'text/csv',
  );
}
