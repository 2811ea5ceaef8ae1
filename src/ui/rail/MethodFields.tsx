/** The settings of the method in use; each says what its default is where it is not that. */
import { defaultMethod, LIMITS } from '../../spec/schema.ts';
import type { ExperimentSpec } from '../../studies/spec.ts';
import type { MethodSpec } from '../../spec/spec.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { Choice } from '../parts/Choice.tsx';
import { NumberField } from '../parts/NumberField.tsx';
import { useEdit } from '../parts/use-edit.ts';
import { useWords } from '../use-words.ts';

export function MethodFields() {
  const words = useWords();
  const w = words.rail;
  const m = words.methods;
  const { method } = useExperiment((e) => e.spec);
  const edit = useEdit();
  const note = (value: unknown, normal: unknown, text = String(normal)) =>
    value === normal ? null : w.default(text);
  const number = (
    label: string,
    key: 'repeats' | 'signs' | 'vocabularySample',
    value: number,
    normal: number,
  ) => (
    <NumberField
      label={label}
      value={value}
      min={LIMITS[key][0]}
      max={LIMITS[key][1]}
      step={1}
      note={note(value, normal)}
      onCommit={(v) => edit(key, (s) => withMethod(s, { ...s.method, [key]: v }))}
    />
  );
  return (
    <>
      {method.name === 'adarank' &&
        number(m.shakes, 'repeats', method.repeats, defaultMethod('adarank').repeats)}
      {method.name === 'jacobian' &&
        number(m.passes, 'repeats', method.repeats, defaultMethod('jacobian').repeats)}
      {method.name === 'combined' &&
        number(m.passes, 'signs', method.signs, defaultMethod('combined').signs)}
      {method.name === 'combined' &&
        number(m.shakes, 'repeats', method.repeats, defaultMethod('combined').repeats)}
      {method.name === 'adarank' &&
        number(
          `${w.vocabularySample} (${w.vocabularyAll})`,
          'vocabularySample',
          method.vocabularySample,
          defaultMethod('adarank').vocabularySample,
        )}
      {method.name === 'adarank' && (
        <Choice
          label={w.variant}
          value={method.variant}
          why={w.why.variant}
          note={note(method.variant, 'two-draws', w.twoDraws)}
          options={[
            ['two-draws', w.twoDraws],
            ['clean', w.clean],
          ]}
          onChange={(variant) => edit('variant', (s) => withMethod(s, { ...method, variant }))}
        />
      )}
      {method.name === 'jacobian' && (
        <Choice
          label={m.over}
          value={method.perToken ? 'token' : 'whole'}
          why={m.why.over}
          note={method.perToken ? w.default(m.whole) : null}
          options={[
            ['whole', m.whole],
            ['token', m.token],
          ]}
          onChange={(over) =>
            edit('perToken', (s) => withMethod(s, { ...method, perToken: over === 'token' }))
          }
        />
      )}
      <Choice
        label={w.noise}
        value={method.noise.scale}
        why={w.why.noise}
        note={note(method.noise.scale, 'std', 'std(W)')}
        options={[
          ['std', w.noiseStd],
          ['fixed', w.noiseFixed],
        ]}
        onChange={(scale) =>
          edit('noise', (s) =>
            withMethod(s, {
              ...s.method,
              noise: scale === 'std' ? { scale } : { scale, sigma: 0.05 },
            }),
          )
        }
      />
      {method.noise.scale === 'fixed' && (
        <NumberField
          label={w.sigma}
          value={method.noise.sigma}
          min={LIMITS.sigma[0]}
          max={LIMITS.sigma[1]}
          step="any"
          note={note(method.noise.sigma, 0.05)}
          onCommit={(sigma) =>
            edit('sigma', (s) => withMethod(s, { ...s.method, noise: { scale: 'fixed', sigma } }))
          }
        />
      )}
    </>
  );
}

const withMethod = (spec: ExperimentSpec, method: MethodSpec): ExperimentSpec => ({
  ...spec,
  method,
});
