/** Settings of the pruning: sparsity and pattern, the pruning score, and the rank allocation. */
import {
  PATTERNS,
  PRUNE_LIMITS,
  type PruneSettings as Settings,
} from '../../../studies/prune/settings.ts';
import { defaults } from '../../../state/derived.ts';
import { useExperiment } from '../../../state/experiment-store.ts';
import { Choice } from '../../parts/Choice.tsx';
import { NumberField } from '../../parts/NumberField.tsx';
import { SettingsFold } from '../../parts/SettingsFold.tsx';
import { useEdit } from '../../parts/use-edit.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { pruneWords } from '../../../studies/prune/words.ts';
import { useWords } from '../../use-words.ts';
import { StudyNeed } from '../../panel/StudyNeed.tsx';
import { TrainingFields } from '../../panel/TrainingFields.tsx';

export function PruneSettings() {
  const words = useWords();
  return (
    <SettingsFold title={words.training.settings}>
      <Fields />
      <TrainingFields
        show={['steps', 'batch', 'length', 'learningRate', 'maxNorm', 'heldSequences']}
      />
      <StudyNeed study="prune" />
    </SettingsFold>
  );
}

const numbers = ['sparsity', 'rounds', 'meanRank', 'mostRank', 'beta', 'samples'] as const;

function Fields() {
  const words = useWords();
  const w = inLanguage(pruneWords, words).settings;
  const why = inLanguage(pruneWords, words).why;
  const prune = useExperiment((e) => e.spec.prune);
  const edit = useEdit();
  const d = defaults.prune;
  const change = (key: string, patch: Partial<Settings>) =>
    edit(`prune.${key}`, (s) => ({ ...s, prune: { ...s.prune, ...patch } }));
  const note = (same: boolean, normal: string) => (same ? null : words.sidebar.default(normal));
  return (
    <>
      {numbers
        .filter((key) => key !== 'sparsity' || prune.pattern === 'unstructured')
        .map((key) => (
          <NumberField
            key={key}
            label={w[key]}
            value={prune[key]}
            min={PRUNE_LIMITS[key][0]}
            max={PRUNE_LIMITS[key][1]}
            step={key === 'sparsity' || key === 'beta' || key === 'meanRank' ? 'any' : 1}
            note={note(prune[key] === d[key], String(d[key]))}
            onCommit={(v) => change(key, { [key]: v })}
          />
        ))}
      <Choice
        label={w.pattern}
        value={prune.pattern}
        why={why.pattern}
        options={PATTERNS.map((p) => [p, w[p]] as const)}
        note={note(prune.pattern === d.pattern, w[d.pattern])}
        onChange={(pattern) => change('pattern', { pattern })}
      />
      <Choice
        label={w.score}
        value={prune.score}
        options={[
          ['wanda', w.wanda],
          ['magnitude', w.magnitude],
        ]}
        note={note(prune.score === d.score, w[d.score])}
        onChange={(score) => change('score', { score })}
      />
      <Choice
        label={w.rankBy}
        value={prune.rankBy}
        options={[
          ['error', w.error],
          ['rmi', w.rmi],
        ]}
        note={note(prune.rankBy === d.rankBy, w[d.rankBy])}
        onChange={(rankBy) => change('rankBy', { rankBy })}
      />
      <Choice
        label={w.baselines}
        value={prune.baselines ? 'with' : 'without'}
        options={[
          ['with', w.with],
          ['without', w.without],
        ]}
        note={note(prune.baselines === d.baselines, w.with)}
        onChange={(to) => change('baselines', { baselines: to === 'with' })}
      />
    </>
  );
}
