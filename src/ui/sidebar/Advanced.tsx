/** Advanced settings. A setting that is not at its default shows the default. */
import type { ReactNode } from 'react';
import { BASES } from '../../studies/base-kinds.ts';
import { LIMITS } from '../../spec/limits.ts';
import { ROUNDINGS, rules } from '../../spec/schema.ts';
import type { ExperimentSpec } from '../../studies/spec.ts';
import { BOS } from '../../model/bos.ts';
import { defaults } from '../../state/derived.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { useView } from '../../state/view-store.ts';
import { Choice } from '../parts/Choice.tsx';
import { NumberField } from '../parts/NumberField.tsx';
import { useEdit } from '../parts/use-edit.ts';
import { useWords } from '../use-words.ts';
import { MethodFields } from './MethodFields.tsx';

export function Advanced() {
  const words = useWords();
  const open = useView((v) => v.advanced);
  const set = useView((v) => v.set);
  return (
    <details
      className="advanced"
      open={open}
      onToggle={(e) => set({ advanced: e.currentTarget.open })}
    >
      <summary>{words.sidebar.advanced}</summary>
      {open && <Fields />}
    </details>
  );
}

function Fields(): ReactNode {
  const words = useWords();
  const w = words.sidebar;
  const b = words.base;
  const spec = useExperiment((e) => e.spec);
  const edit = useEdit();
  const { allocation } = spec;
  const { bounded } = rules[allocation.rounding];
  const d = defaults;
  const note = (value: unknown, normal: unknown, label = String(normal)) =>
    value === normal ? null : w.default(label);
  const number = (
    key: string,
    {
      label,
      value,
      normal,
      limits: [min, max],
      change,
    }: {
      label: string;
      value: number;
      normal: number;
      limits: readonly [number, number];
      change: (s: ExperimentSpec, v: number) => ExperimentSpec;
    },
  ) => (
    <NumberField
      label={label}
      value={value}
      min={min}
      max={max}
      step={1}
      note={note(value, normal)}
      onCommit={(v) => edit(key, (s) => change(s, v))}
    />
  );
  return (
    <div className="stack fields">
      <Choice
        label={b.label}
        value={spec.base}
        why={b.why}
        note={note(spec.base, d.base, b.names[d.base])}
        options={BASES.map((base) => [base, b.names[base]] as const)}
        onChange={(base) => edit('base', (s) => ({ ...s, base }))}
      />
      <Choice
        label={words.bos.label}
        value={spec.bos}
        why={words.bos.why}
        note={note(spec.bos, d.bos, words.bos.names[d.bos])}
        options={BOS.map((bos) => [bos, words.bos.names[bos]] as const)}
        onChange={(bos) => edit('bos', (s) => ({ ...s, bos }))}
      />
      <MethodFields />
      {spec.text.kind !== 'ids' &&
        number('sequences', {
          label: w.sequences,
          value: spec.sequences,
          normal: d.sequences,
          limits: LIMITS.sequences,
          change: (s, sequences) => ({ ...s, sequences }),
        })}
      {spec.text.kind !== 'ids' &&
        number('length', {
          label: w.length,
          value: spec.length,
          normal: d.length,
          limits: LIMITS.length,
          change: (s, length) => ({ ...s, length }),
        })}
      <Choice
        label={w.rounding}
        value={allocation.rounding}
        why={w.why.rounding}
        note={note(allocation.rounding, d.allocation.rounding, w[d.allocation.rounding])}
        options={ROUNDINGS.map((rounding) => [rounding, w[rounding]] as const)}
        onChange={(rounding) =>
          edit('rounding', (s) => ({ ...s, allocation: { ...s.allocation, rounding } }))
        }
      />
      <Choice
        label={w.unit}
        value={allocation.unit}
        why={w.why.unit}
        note={note(allocation.unit, d.allocation.unit, w.ranks)}
        options={[
          ['ranks', w.ranks],
          ['parameters', w.parameters],
        ]}
        onChange={(unit) => edit('unit', (s) => ({ ...s, allocation: { ...s.allocation, unit } }))}
      />
      {bounded &&
        number('rMin', {
          label: w.rMin,
          value: allocation.rMin,
          normal: d.allocation.rMin,
          limits: LIMITS.rMin,
          change: (s, rMin) => ({ ...s, allocation: { ...s.allocation, rMin } }),
        })}
      {bounded &&
        number('rMax', {
          label: w.rMax,
          value: allocation.rMax,
          normal: d.allocation.rMax,
          limits: LIMITS.rMax,
          change: (s, rMax) => ({ ...s, allocation: { ...s.allocation, rMax } }),
        })}
    </div>
  );
}
