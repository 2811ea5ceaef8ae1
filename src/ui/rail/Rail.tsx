/**
 * The experiment's form: what is measured, on what, how, and with which budget. A drawer on narrow
 * pages.
 */
import { isPreset, LIMITS, presets, presetSpec, type PresetId } from '../../experiment/schema.ts';
import { specKey } from '../../experiment/settings.ts';
import { defaults, useModules, useLayout } from '../../state/derived.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { useModel } from '../../state/model-store.ts';
import { usePick } from '../../state/pick.ts';
import { useView } from '../../state/view-store.ts';
import { NumberField } from '../parts/NumberField.tsx';
import { Term } from '../parts/Term.tsx';
import { describeText, titleOf } from '../../words/describe.ts';
import { describeFormat } from '../../words/format.ts';
import { useWords } from '../use-words.ts';
import { Adapters } from './Adapters.tsx';
import { Advanced } from './Advanced.tsx';
import { BosLine } from './BosLine.tsx';
import { MeanRank } from './MeanRank.tsx';
import { Method } from './Method.tsx';
import { Results } from './Results.tsx';

/** The preset an experiment is, the budget and the seed apart; null if it is none. */
function presetOf(spec: ReturnType<typeof useExperiment.getState>['spec']): PresetId | null {
  const plain = {
    ...spec,
    model: defaults.model,
    allocation: defaults.allocation,
    seed: defaults.seed,
  };
  return (
    (Object.keys(presets) as PresetId[]).find((id) => specKey(presetSpec(id)) === specKey(plain)) ??
    null
  );
}

function Preset() {
  const words = useWords();
  const { spec, edit } = usePick(useExperiment, 'spec', 'edit');
  const preset = presetOf(spec);
  return (
    <div className="field">
      <label htmlFor="preset">{words.rail.preset}</label>
      <select
        id="preset"
        className="select"
        value={preset ?? ''}
        onChange={(e) => {
          const id = e.target.value;
          if (isPreset(id))
            edit(
              (s) => ({
                ...presetSpec(id),
                model: s.model,
                allocation: s.allocation,
                seed: s.seed,
              }),
              'preset',
            );
        }}
      >
        {preset === null && <option value="">{words.rail.custom}</option>}
        {(Object.keys(presets) as PresetId[]).map((id) => (
          <option key={id} value={id}>
            {words.presets[id].name}
          </option>
        ))}
      </select>
      {preset && <p className="small ink2 hint">{words.presets[preset].look}</p>}
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
        <span>{words.rail.model}</span>
        <button
          type="button"
          className="link"
          id="change-model"
          onClick={() => set({ picker: true, sheet: null })}
        >
          {words.rail.change}
        </button>
      </div>
      <div>
        {facts ? `${facts.title}, ${words.rail.shape(layers, columns)}` : titleOf(models, id)}
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
        <span>{words.rail.text}</span>
        <button type="button" className="link" onClick={() => set({ sheet: 'text' })}>
          {words.rail.change}
        </button>
      </div>
      <div>{describeText(words, text)}</div>
      <div className="small ink2">
        {words.rail.tokens(sequences, length)}
        {text.kind === 'own' && `. ${words.rail.stays}`}
      </div>
      <BosLine />
    </div>
  );
}

export function RailContent() {
  const words = useWords();
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
        label={<Term of="seed">{words.rail.seed}</Term>}
        name={words.rail.seed}
        value={spec.seed}
        min={LIMITS.seed[0]}
        max={LIMITS.seed[1]}
        onCommit={(seed) => edit((s) => ({ ...s, seed }), 'seed')}
      />
      <Advanced />
      <hr className="push" />
      <Adapters />
      <Results />
    </>
  );
}

export function Rail() {
  const words = useWords();
  return (
    <aside className="sheet rail" aria-label={words.rail.label}>
      <RailContent />
    </aside>
  );
}
