/**
 * Settings of the current method, generated from the registry: numbers, then choices, then the
 * noise. A setting that is not at its default shows the default.
 */
import { LIMITS } from '../../spec/limits.ts';
import { methodFields, SIGMA } from '../../spec/method.ts';
import type { MethodSpec } from '../../spec/spec.ts';
import type { ExperimentSpec } from '../../studies/spec.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { Choice } from '../parts/Choice.tsx';
import { NumberField } from '../parts/NumberField.tsx';
import { useEdit } from '../parts/use-edit.ts';
import { Term } from '../parts/Term.tsx';
import { useWords } from '../use-words.ts';

export function MethodFields() {
  const words = useWords();
  const { method } = useExperiment((e) => e.spec);
  const edit = useEdit();
  const values: Record<string, unknown> = { ...method };
  const fields = methodFields(method.name);
  const own = words.methods.of[method.name].fields;
  const set = (key: string, value: unknown) => edit(key, (s) => withSetting(s, key, value));
  return (
    <>
      {fields.map((field) => {
        const { key, normal } = field;
        return field.kind !== 'whole' ? null : (
          <NumberField
            key={key}
            {...labelOf(key, own[key]?.label ?? key)}
            value={values[key] as number}
            min={field.min}
            max={field.max}
            note={values[key] === normal ? null : words.sidebar.default(String(normal))}
            onCommit={(v) => set(key, v)}
          />
        );
      })}
      {fields.map((field) => {
        const { key, normal } = field;
        if (field.kind !== 'choice') return null;
        const { label = key, why, options } = own[key] ?? {};
        const optionName = (value: unknown) => options?.[String(value)] ?? String(value);
        return (
          <Choice
            key={key}
            label={label}
            value={String(values[key])}
            {...(why !== undefined && { why })}
            note={values[key] === normal ? null : words.sidebar.default(optionName(normal))}
            options={field.options.map((value) => [String(value), optionName(value)] as const)}
            onChange={(v) =>
              set(
                key,
                field.options.find((value) => String(value) === v),
              )
            }
          />
        );
      })}
      {'noise' in method && <NoiseFields noise={method.noise} />}
    </>
  );
}

/** A label that is a term cannot be the field's label element (`NumberField`), so it has a name. */
const labelOf = (key: string, label: string) =>
  key === 'repeats' ? { label: <Term of="repeat">{label}</Term>, name: label } : { label };

type Noise = Extract<MethodSpec, { noise: unknown }>['noise'];

function NoiseFields({ noise }: { noise: Noise }) {
  const w = useWords().sidebar;
  const edit = useEdit();
  return (
    <>
      <Choice
        label={w.noise}
        value={noise.scale}
        why={w.why.noise}
        note={noise.scale === 'std' ? null : w.default('std(W)')}
        options={[
          ['std', w.noiseStd],
          ['fixed', w.noiseFixed],
        ]}
        onChange={(scale) =>
          edit('noise', (s) =>
            withSetting(s, 'noise', scale === 'std' ? { scale } : { scale, sigma: SIGMA }),
          )
        }
      />
      {noise.scale === 'fixed' && (
        <NumberField
          label={w.sigma}
          value={noise.sigma}
          min={LIMITS.sigma[0]}
          max={LIMITS.sigma[1]}
          step="any"
          note={noise.sigma === SIGMA ? null : w.default(String(SIGMA))}
          onCommit={(sigma) =>
            edit('sigma', (s) => withSetting(s, 'noise', { scale: 'fixed', sigma }))
          }
        />
      )}
    </>
  );
}

/** Not validated here: the schema does it (`useEdit`). */
const withSetting = (spec: ExperimentSpec, key: string, value: unknown): ExperimentSpec => ({
  ...spec,
  method: { ...spec.method, [key]: value },
});
