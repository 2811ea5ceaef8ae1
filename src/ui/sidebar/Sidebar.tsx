/**
 * The sidebar with the experiment's form: preset, model, text, method and budget. On narrow pages
 * it is a drawer.
 */
import { Suspense } from 'react';
import { presets, presetSpec } from '../../experiment/schema.ts';
import { LIMITS } from '../../spec/limits.ts';
import { presetOf } from '../../experiment/settings.ts';
import { attempt } from '../../state/attempt.ts';
import { useModules, useLayout } from '../../state/derived.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { useModel } from '../../state/model-store.ts';
import { usePick } from '../../state/pick.ts';
import { useStudy } from '../../state/study-store.ts';
import { useView } from '../../state/view-store.ts';
import { lazyPart } from '../parts/lazy-part.tsx';
import { NumberField } from '../parts/NumberField.tsx';
import { Term } from '../parts/Term.tsx';
import { describeText, titleOf } from '../../words/describe.ts';
import { describeFormat } from '../../words/format.ts';
import { inLanguage } from '../../language/in-language.ts';
import { useWords } from '../use-words.ts';
import { Advanced } from './Advanced.tsx';
import { BosLine } from './BosLine.tsx';
import { MeanRank } from './MeanRank.tsx';
import { Method } from './Method.tsx';
import { Results } from './Results.tsx';

const Adapters = lazyPart(async () => (await import('./Adapters.tsx')).Adapters);

function Preset() {
  const words = useWords();
  const { spec, edit } = usePick(useExperiment, 'spec', 'edit');
  const name = presetOf(spec);
  const preset = name === null ? undefined : presets.get(name);
  return (
    <div className="field">
      <label htmlFor="preset">{words.sidebar.preset}</label>
      <select
        id="preset"
        className="select"
        value={name ?? ''}
        onChange={(e) => {
          const chosen = e.target.value;
          if (!presets.has(chosen)) return;
          void attempt(async () =>
            (await import('../../state/preset-comparison.ts')).compareAtEnd(chosen),
          );
          edit(
            (s) => ({
              ...presetSpec(chosen),
              model: s.model,
              allocation: s.allocation,
              seed: s.seed,
            }),
            'preset',
          );
        }}
      >
        {name === null && <option value="">{words.sidebar.custom}</option>}
        {[...presets].map(([id, offered]) => (
          <option key={id} value={id}>
            {inLanguage(offered, words).name}
          </option>
        ))}
      </select>
      {preset && <p className="small ink2 hint">{inLanguage(preset, words).look}</p>}
    </div>
  );
}

function ModelField() {
  const words = useWords();
  const { facts, models } = usePick(useModel, 'facts', 'models');
  const { layers } = useModules();
  const columns = useLayout().columns.length;
  const id = useExperiment((e) => e.spec.model.id);
  const set = useView((v) => v.set);
  const format = facts?.modules[0]?.format;
  return (
    <div>
      <div className="label">
        <span>{words.sidebar.model}</span>
        <button
          type="button"
          className="link"
          id="change-model"
          onClick={() => set({ picker: true, dialog: null })}
        >
          {words.sidebar.change}
        </button>
      </div>
      <div>
        {facts ? `${facts.title}, ${words.sidebar.shape(layers, columns)}` : titleOf(models, id)}
      </div>
      <div className="small ink2">
        {facts && format
          ? `${describeFormat(words, format)}, ${words.size(facts.bytes)}`
          : '\u00a0'}
      </div>
    </div>
  );
}

function TextField() {
  const words = useWords();
  const { text, sequences, length } = useExperiment((e) => e.spec);
  const set = useView((v) => v.set);
  return (
    <div>
      <div className="label">
        <span>{words.sidebar.text}</span>
        <button
          type="button"
          className="link"
          id="change-text"
          onClick={() => set({ dialog: 'text' })}
        >
          {words.sidebar.change}
        </button>
      </div>
      <div>{describeText(words, text)}</div>
      <div className="small ink2">
        {words.sidebar.tokens(sequences, length)}
        {text.kind === 'own' && `. ${words.sidebar.stays}`}
      </div>
      <BosLine />
    </div>
  );
}

export function SidebarContent() {
  const words = useWords();
  const adapters = useStudy((s) => s.adapters.length > 0);
  const { spec, edit } = usePick(useExperiment, 'spec', 'edit');
  return (
    <>
      <Preset />
      <hr />
      <ModelField />
      <TextField />
      <hr />
      <Method />
      <MeanRank />
      <NumberField
        label={<Term of="seed">{words.sidebar.seed}</Term>}
        name={words.sidebar.seed}
        value={spec.seed}
        min={LIMITS.seed[0]}
        max={LIMITS.seed[1]}
        onCommit={(seed) => edit((s) => ({ ...s, seed }), 'seed')}
      />
      <Advanced />
      <hr className="push" />
      {adapters && (
        <Suspense fallback={null}>
          <Adapters />
        </Suspense>
      )}
      <Results />
    </>
  );
}

export function Sidebar() {
  const words = useWords();
  return (
    <aside className="card sidebar" aria-label={words.sidebar.label}>
      <SidebarContent />
    </aside>
  );
}
