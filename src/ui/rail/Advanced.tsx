/** The settings most visitors leave alone. What is not its default says what the default is. */
import { useId, type ReactNode } from 'react';
import { LIMITS, parseSpec } from '../../experiment/schema.ts';
import type { ExperimentSpec } from '../../experiment/spec.ts';
import { AtlasError } from '../../errors.ts';
import { defaults } from '../../state/derived.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { useModel } from '../../state/model-store.ts';
import { useView } from '../../state/view-store.ts';
import { NumberField } from '../parts/NumberField.tsx';
import { useWords } from '../words/use-words.ts';

function Choice<T extends string>({ label, value, options, why, note, onChange }: { label: string; value: T; options: readonly (readonly [T, string])[]; why: string; note: string | null; onChange(value: T): void }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}><span>{label}</span>{note && <small className="ink3">{note}</small>}</label>
      <select id={id} className="select" value={value} title={why} onChange={(e) => onChange(e.target.value as T)}>
        {options.map(([v, words]) => <option key={v} value={v}>{words}</option>)}
      </select>
    </div>
  );
}

/** The schema has the last word: what it refuses is said in the band and not taken. */
function useEdit() {
  const edit = useExperiment((e) => e.edit);
  return (key: string, change: (spec: ExperimentSpec) => ExperimentSpec) => {
    try {
      const next = parseSpec(change(useExperiment.getState().spec));
      useModel.setState({ failure: null });
      edit(() => next, key);
    } catch (error) {
      if (!(error instanceof AtlasError)) throw error;
      useModel.setState({ failure: { code: error.code, values: error.values } });
    }
  };
}

export function Advanced() {
  const words = useWords();
  const open = useView((v) => v.advanced);
  const set = useView((v) => v.set);
  return (
    <details className="advanced" open={open} onToggle={(e) => set({ advanced: e.currentTarget.open })}>
      <summary>{words.rail.advanced}</summary>
      {open && <Fields />}
    </details>
  );
}

function Fields(): ReactNode {
  const w = useWords().rail;
  const spec = useExperiment((e) => e.spec);
  const edit = useEdit();
  const { method, allocation } = spec;
  const d = defaults;
  const note = (value: unknown, normal: unknown, words = String(normal)) => (value === normal ? null : w.default(words));
  const number = (label: string, value: number, normal: number, [min, max]: readonly [number, number], key: string, change: (s: ExperimentSpec, v: number) => ExperimentSpec, step: 1 | 'any' = 1) =>
    <NumberField label={label} value={value} min={min} max={max} step={step} note={note(value, normal)} onCommit={(v) => edit(key, (s) => change(s, v))} />;
  return (
    <div className="stack fields">
      {number(w.repeats, method.repeats, d.method.repeats, LIMITS.repeats, 'repeats', (s, repeats) => ({ ...s, method: { ...s.method, repeats } }))}
      {spec.text.kind !== 'ids' && number(w.sequences, spec.sequences, d.sequences, LIMITS.sequences, 'sequences', (s, sequences) => ({ ...s, sequences }))}
      {spec.text.kind !== 'ids' && number(w.length, spec.length, d.length, LIMITS.length, 'length', (s, length) => ({ ...s, length }))}
      {number(`${w.vocabularySample} (${w.vocabularyAll})`, method.vocabularySample, d.method.vocabularySample, LIMITS.vocabularySample, 'vocabularySample', (s, vocabularySample) => ({ ...s, method: { ...s.method, vocabularySample } }))}
      <Choice
        label={w.variant} value={method.variant} why={w.why.variant} note={note(method.variant, d.method.variant, w.twoDraws)}
        options={[['two-draws', w.twoDraws], ['clean', w.clean]]} onChange={(variant) => edit('variant', (s) => ({ ...s, method: { ...s.method, variant } }))}
      />
      <Choice
        label={w.noise} value={method.noise.scale} why={w.why.noise} note={note(method.noise.scale, 'std', 'std(W)')}
        options={[['std', w.noiseStd], ['fixed', w.noiseFixed]]}
        onChange={(scale) => edit('noise', (s) => ({ ...s, method: { ...s.method, noise: scale === 'std' ? { scale } : { scale, sigma: 0.05 } } }))}
      />
      {method.noise.scale === 'fixed' && number(w.sigma, method.noise.sigma, 0.05, LIMITS.sigma, 'sigma', (s, sigma) => ({ ...s, method: { ...s.method, noise: { scale: 'fixed', sigma } } }), 'any')}
      <Choice
        label={w.rounding} value={allocation.rounding} why={w.why.rounding} note={note(allocation.rounding, d.allocation.rounding, w.floor)}
        options={[['floor', w.floor], ['exact', w.exact]]} onChange={(rounding) => edit('rounding', (s) => ({ ...s, allocation: { ...s.allocation, rounding } }))}
      />
      <Choice
        label={w.unit} value={allocation.unit} why={w.why.unit} note={note(allocation.unit, d.allocation.unit, w.ranks)}
        options={[['ranks', w.ranks], ['parameters', w.parameters]]} onChange={(unit) => edit('unit', (s) => ({ ...s, allocation: { ...s.allocation, unit } }))}
      />
      {allocation.rounding === 'exact' && number(w.rMin, allocation.rMin, d.allocation.rMin, LIMITS.rMin, 'rMin', (s, rMin) => ({ ...s, allocation: { ...s.allocation, rMin } }))}
      {allocation.rounding === 'exact' && number(w.rMax, allocation.rMax, d.allocation.rMax, LIMITS.rMax, 'rMax', (s, rMax) => ({ ...s, allocation: { ...s.allocation, rMax } }))}
    </div>
  );
}
