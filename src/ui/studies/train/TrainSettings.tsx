/** Settings of the training run: method, start values, ranks, base and optimiser. */
import {
  methodOf,
  RANK_SCALES,
  scaleOfKind,
  TRAIN_LIMITS,
  type TrainSettings as Settings,
} from '../../../studies/train/settings.ts';
import { likelyMaxRank } from '../../../studies/train/max-rank.ts';
import { LIMITS } from '../../../spec/limits.ts';
import { defaults } from '../../../state/derived.ts';
import { useExperiment } from '../../../state/experiment-store.ts';
import { useStudy } from '../../../state/study-store.ts';
import { Choice } from '../../parts/Choice.tsx';
import { NumberField } from '../../parts/NumberField.tsx';
import { NumbersField } from '../../parts/NumbersField.tsx';
import { SettingsFold } from '../../parts/SettingsFold.tsx';
import { useEdit } from '../../parts/use-edit.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { trainWords } from '../../../studies/train/words.ts';
import { useWords } from '../../use-words.ts';
import { StudyNeed } from '../../panel/StudyNeed.tsx';
import { TrainingFields } from '../../panel/TrainingFields.tsx';

type Change = (key: keyof Settings, patch: Partial<Settings>) => void;
interface Part {
  train: Settings;
  change: Change;
}

/** The note on a field whose value is not the default. */
function useNote(): (same: boolean, normal: string) => string | null {
  const words = useWords();
  return (same, normal) => (same ? null : words.sidebar.default(normal));
}

export function TrainSettings() {
  const words = useWords();
  const train = useExperiment((e) => e.spec.train);
  const edit = useEdit();
  const change: Change = (key, patch) =>
    edit(`train.${key}`, (s) => ({ ...s, train: { ...s.train, ...patch } }));
  return (
    <SettingsFold title={words.training.settings}>
      <Method train={train} change={change} />
      <Start train={train} change={change} />
      {train.start === 'fresh' && <Ranks train={train} change={change} />}
      <Weights train={train} change={change} />
      {train.method.name === 'qdylora' && <Compare train={train} change={change} />}
      <TrainingFields />
      <StudyNeed study="train" />
    </SettingsFold>
  );
}

function Method({ train: { method, compare }, change }: Part) {
  const words = useWords();
  const { settings: w, why } = inLanguage(trainWords, words);
  const note = useNote();
  const chosen = method.name === 'lora' ? 'lora' : method.mode;
  return (
    <>
      <Choice
        label={w.method}
        value={chosen}
        options={(['full', 'frozen', 'lora'] as const).map((by) => [by, w[by]])}
        why={why.method}
        note={note(chosen === 'full', w.full)}
        onChange={(by) =>
          change(
            'method',
            by === 'lora'
              ? { method: methodOf('lora'), compare: [] }
              : { method: { ...dyLora(method), mode: by }, compare },
          )
        }
      />
      {method.name === 'qdylora' && (
        <Choice
          label={w.draw}
          value={method.draw.kind}
          options={[
            ['uniform', words.values.drawUniform],
            ['geometric', words.values.drawGeometric],
          ]}
          why={why.draw}
          note={note(method.draw.kind === 'uniform', words.values.drawUniform)}
          onChange={(kind) =>
            change('method', {
              method: { ...method, draw: kind === 'uniform' ? { kind } : { kind, p: 0.15 } },
            })
          }
        />
      )}
    </>
  );
}

type DyLora = Extract<Settings['method'], { name: 'qdylora' }>;
const dyLora = (method: Settings['method']): DyLora =>
  method.name === 'qdylora' ? method : (methodOf('qdylora') as DyLora);

/** Shown only if there is an imported adapter or the setting refers to one. */
function Start({ train: { start }, change }: Part) {
  const words = useWords();
  const w = inLanguage(trainWords, words).settings;
  const taken = useStudy((s) => s.adapters.some((a) => a.name === 'imported'));
  if (!taken && start === 'fresh') return null;
  return (
    <Choice
      label={w.start}
      value={start}
      options={(['fresh', 'given'] as const).map((from) => [from, words.values[from]])}
      onChange={(from) => change('start', { start: from })}
    />
  );
}

/** A lower rank removes comparison LoRAs above it. */
function Ranks({ train, change }: Part) {
  const { ranks, compare } = train;
  const words = useWords();
  const w = inLanguage(trainWords, words).settings;
  const note = useNote();
  const to = (next: Settings['ranks']) => {
    const maxRank = next.kind === 'uniform' ? next.rank : Infinity;
    change('ranks', { ranks: next, compare: compare.filter((rank) => rank <= maxRank) });
  };
  const listed = ranks.kind === 'listed' ? [['listed', words.values.listed] as const] : [];
  return (
    <>
      {ranks.kind !== 'listed' && (
        <NumberField
          label={ranks.kind === 'map' ? w.mean : w.rank}
          value={likelyMaxRank(train)}
          min={TRAIN_LIMITS.rank[0]}
          max={ranks.kind === 'map' ? LIMITS.meanRank[1] : TRAIN_LIMITS.rank[1]}
          step={ranks.kind === 'map' ? 'any' : 1}
          note={note(
            likelyMaxRank(train) === likelyMaxRank(defaults.train),
            String(likelyMaxRank(defaults.train)),
          )}
          onCommit={(rank) =>
            to(ranks.kind === 'map' ? { ...ranks, mean: rank } : { ...ranks, rank })
          }
        />
      )}
      <Choice
        label={w.ranks}
        value={ranks.kind}
        options={[['uniform', words.values.uniform], ['map', words.values.map], ...listed]}
        note={note(ranks.kind === 'uniform', words.values.uniform)}
        onChange={(kind) => {
          const maxRank = likelyMaxRank(train);
          if (kind === 'map') to({ kind, mean: Math.min(maxRank, LIMITS.meanRank[1]) });
          else if (kind === 'uniform') to({ kind, rank: Math.max(1, Math.round(maxRank)) });
        }}
      />
    </>
  );
}

function Weights({ train: { base, scale }, change }: Part) {
  const words = useWords();
  const w = inLanguage(trainWords, words).settings;
  const note = useNote();
  const d = defaults.train;
  const kinds = { ...RANK_SCALES, fixed: w.fixed };
  const plain = scaleOfKind(scale.kind).value;
  return (
    <>
      <Choice
        label={w.base}
        value={base}
        options={(['nf4', 'as-is'] as const).map((form) => [form, words.values[form]])}
        note={note(base === d.base, words.values[d.base])}
        onChange={(form) => change('base', { base: form })}
      />
      <Choice
        label={w.scale}
        value={scale.kind}
        options={(['alpha', 'rslora', 'fixed'] as const).map((kind) => [kind, kinds[kind]])}
        note={note(scale.kind === d.scale.kind, kinds[d.scale.kind])}
        onChange={(kind) => change('scale', { scale: scaleOfKind(kind) })}
      />
      <NumberField
        label={scale.kind === 'fixed' ? 's' : 'α'}
        value={scale.value}
        min={TRAIN_LIMITS.scale[0]}
        max={TRAIN_LIMITS.scale[1]}
        step="any"
        note={note(scale.value === plain, String(plain))}
        onCommit={(value) => change('scale', { scale: { ...scale, value } })}
      />
    </>
  );
}

function Compare({ train: { compare }, change }: Part) {
  const w = inLanguage(trainWords, useWords()).settings;
  return (
    <NumbersField
      label={w.compare}
      value={compare}
      hint={w.compareHint}
      step={1}
      placeholder="–"
      onCommit={(ranks) => change('compare', { compare: ranks })}
    />
  );
}
