/**
 * Settings shared by all studies that train: the text, the number of steps, the learning rate and
 * others.
 */
import { defined } from '../../checked.ts';
import { LIMITS } from '../../spec/limits.ts';
import type { ExperimentSpec } from '../../studies/spec.ts';
import type { TrainingSettings } from '../../spec/spec.ts';
import { defaults } from '../../state/derived.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { Choice } from '../parts/Choice.tsx';
import { NumberField } from '../parts/NumberField.tsx';
import { useEdit } from '../parts/use-edit.ts';
import { useWords } from '../use-words.ts';
import { OwnTrainingText } from './OwnTrainingText.tsx';

/** Bundled data sets with a train and an eval split. */
const sets = ['opticks', 'jargon'] as const;

const numbers = [
  'steps',
  'batch',
  'length',
  'learningRate',
  'maxNorm',
  'evaluateEvery',
  'heldSequences',
] as const;

export function TrainingFields({ show = numbers }: { show?: readonly (typeof numbers)[number][] }) {
  const words = useWords();
  const w = words.training;
  const training = useExperiment((e) => e.spec.training);
  const edit = useEdit();
  const change = (key: string, patch: Partial<TrainingSettings>) =>
    edit(`training.${key}`, (s: ExperimentSpec) => ({
      ...s,
      training: { ...s.training, ...patch },
    }));
  const chosen =
    training.train.kind === 'bundled' ? training.train.id.replace(/-train$/, '') : 'own';
  const d = defaults.training;

  return (
    <>
      <Choice
        label={w.text}
        value={chosen}
        options={[
          ...sets.map((id) => [id, words.texts[`${id}-train`] ?? id] as const),
          ['own', w.own] as const,
        ]}
        note={
          chosen === 'opticks' ? null : words.sidebar.default(defined(words.texts['opticks-train']))
        }
        onChange={(id) =>
          id === 'own'
            ? change('text', {
                train: { kind: 'own', text: w.placeholder },
                held: { kind: 'own', text: w.placeholder },
              })
            : change('text', {
                train: { kind: 'bundled', id: `${id}-train` },
                held: { kind: 'bundled', id: `${id}-eval` },
              })
        }
      />
      {chosen === 'own' && (
        <OwnTrainingText
          onTake={(train, held) =>
            change('text', {
              train: { kind: 'own', text: train },
              held: { kind: 'own', text: held },
            })
          }
        />
      )}
      {show.map((key) => (
        <NumberField
          key={key}
          label={w[key]}
          value={training[key]}
          min={LIMITS[key][0]}
          max={LIMITS[key][1]}
          step={key === 'learningRate' || key === 'maxNorm' ? 'any' : 1}
          note={training[key] === d[key] ? null : words.sidebar.default(String(d[key]))}
          onCommit={(v) => change(key, { [key]: v })}
        />
      ))}
    </>
  );
}
