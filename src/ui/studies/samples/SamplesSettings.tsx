/** Settings of the samples: the prompt, the adapter, and the sampling of tokens. */
import { useId, useState } from 'react';
import {
  SAMPLES_LIMITS,
  type SamplesSettings as Settings,
} from '../../../studies/samples/settings.ts';
import { defaults } from '../../../state/derived.ts';
import { useExperiment } from '../../../state/experiment-store.ts';
import { useStudy } from '../../../state/study-store.ts';
import { Choice } from '../../parts/Choice.tsx';
import { NumberField } from '../../parts/NumberField.tsx';
import { SettingsFold } from '../../parts/SettingsFold.tsx';
import { useEdit } from '../../parts/use-edit.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { samplesWords } from '../../../studies/samples/words.ts';
import { useWords } from '../../use-words.ts';

function useChange() {
  const edit = useEdit();
  return (key: string, patch: Partial<Settings>) =>
    edit(`samples.${key}`, (s) => ({ ...s, samples: { ...s.samples, ...patch } }));
}

/** Takes effect on blur, which includes a click on Play. */
export function PromptField() {
  const w = inLanguage(samplesWords, useWords());
  const id = useId();
  const change = useChange();
  const prompt = useExperiment((e) => e.spec.samples.prompt);
  const [draft, setDraft] = useState<string | null>(null);
  function commit() {
    if (draft !== null && draft.trim() !== '' && draft !== prompt)
      change('prompt', { prompt: draft });
    setDraft(null);
  }
  return (
    <div className="field prompt">
      <label htmlFor={id}>{w.prompt}</label>
      <textarea
        id={id}
        className="input"
        rows={2}
        lang=""
        value={draft ?? prompt}
        maxLength={SAMPLES_LIMITS.prompt[1]}
        aria-invalid={draft?.trim() === ''}
        onChange={(e) => setDraft(e.target.value)}
        onBlur={commit}
        onKeyDown={(e) => {
          if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) commit();
          if (e.key === 'Escape' && draft !== null) {
            setDraft(null);
            e.stopPropagation();
          }
        }}
      />
    </div>
  );
}

/** Defaults to the adapter trained last. Renders nothing if there is no adapter. */
export function AdapterChoice() {
  const words = useWords();
  const w = inLanguage(samplesWords, words).settings;
  const change = useChange();
  const { adapter, rank } = useExperiment((e) => e.spec.samples);
  const adapters = useStudy((s) => s.adapters);
  const names = [
    ...new Set([...adapters.map((a) => a.name), ...(adapter === null ? [] : [adapter])]),
  ];
  const used = adapter === null ? adapters.at(-1) : adapters.find((a) => a.name === adapter);
  if (names.length === 0) return null;
  return (
    <div className="adapter-choice">
      <Choice
        label={w.adapter}
        value={adapter ?? ''}
        options={[
          ['', words.values.newest],
          ...names.map((name) => [name, words.adapters.name(name)] as const),
        ]}
        onChange={(name) => change('adapter', { adapter: name === '' ? null : name, rank: null })}
      />
      {used?.anyRank && (
        <Choice
          label={w.rank}
          value={String(rank ?? '')}
          options={[
            ['', words.values.ownRank],
            ...ranksOf(Math.max(...used.ranks)).map((r) => [String(r), String(r)] as const),
          ]}
          onChange={(r) => change('rank', { rank: r === '' ? null : Number(r) })}
        />
      )}
    </div>
  );
}

const ranksOf = (maxRank: number): number[] => Array.from({ length: maxRank }, (_, i) => i + 1);

export function SamplesSettings() {
  const words = useWords();
  const w = inLanguage(samplesWords, words).settings;
  const change = useChange();
  const samples = useExperiment((e) => e.spec.samples);
  const d = defaults.samples;
  const field = (key: 'tokens' | 'temperature' | 'topP') => (
    <NumberField
      label={w[key]}
      value={samples[key]}
      min={SAMPLES_LIMITS[key][0]}
      max={SAMPLES_LIMITS[key][1]}
      step={key === 'tokens' ? 1 : 'any'}
      note={samples[key] === d[key] ? null : words.sidebar.default(String(d[key]))}
      onCommit={(v) => change(key, { [key]: v })}
    />
  );
  return (
    <SettingsFold title={words.training.settings}>
      {field('tokens')}
      {field('temperature')}
      {field('topP')}
      <p className="small ink3">{w.temperatureHint}</p>
    </SettingsFold>
  );
}
