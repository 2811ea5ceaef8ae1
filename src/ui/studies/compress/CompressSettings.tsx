/** Settings of the compression: the task, the numbers of samples, the candidates. */
import { defined } from '../../../checked.ts';
import {
  COMPRESS_LIMITS,
  type CompressSettings as Settings,
  type CompressTask,
} from '../../../studies/compress/settings.ts';
import { defaults } from '../../../state/derived.ts';
import { useExperiment } from '../../../state/experiment-store.ts';
import { Choice } from '../../parts/Choice.tsx';
import { NumberField } from '../../parts/NumberField.tsx';
import { NumbersField } from '../../parts/NumbersField.tsx';
import { SettingsFold } from '../../parts/SettingsFold.tsx';
import { useEdit } from '../../parts/use-edit.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { compressWords } from '../../../studies/compress/words.ts';
import { useWords } from '../../use-words.ts';

/** Changes settings of this study after validation by the schema. */
export function useChange() {
  const edit = useEdit();
  return (key: string, patch: Partial<Settings>) =>
    edit(`compress.${key}`, (s) => ({ ...s, compress: { ...s.compress, ...patch } }));
}

export function CompressSettings() {
  const w = inLanguage(compressWords, useWords()).settings;
  return (
    <SettingsFold title={w.title}>
      <Fields />
    </SettingsFold>
  );
}

/** Id of a bundled set, otherwise the kind. */
const nameOf = (task: CompressTask): string => (task.kind === 'set' ? task.id : task.kind);

function Fields() {
  const words = useWords();
  const w = inLanguage(compressWords, words).settings;
  const d = defaults.compress;
  const change = useChange();
  const c = useExperiment((e) => e.spec.compress);
  const note = (same: boolean, normal: string) => (same ? null : words.sidebar.default(normal));
  const number = (key: 'samples' | 'test' | 'trials' | 'checks') => (
    <NumberField
      label={w[key]}
      value={c[key]}
      min={COMPRESS_LIMITS[key][0]}
      max={COMPRESS_LIMITS[key][1]}
      note={note(c[key] === d[key], String(d[key]))}
      onCommit={(v) => change(key, { [key]: v })}
    />
  );
  const tasks = ['next-word', 'continuation', 'text', ...(c.task.kind === 'own' ? ['own'] : [])];
  const plainName = c.plain.kind === 'bundled' ? c.plain.id : 'own';
  const plains = [...new Set(['atlas-heldout', 'opticks-eval', 'jargon-eval', plainName])];
  const choose = (name: string) => {
    if (name === 'text')
      change('task', {
        task: { kind: 'text', text: { kind: 'bundled', id: 'atlas-heldout' }, length: 32 },
      });
    else if (name !== 'own') change('task', { task: { kind: 'set', id: name } });
  };
  return (
    <>
      <Choice
        label={w.task}
        value={nameOf(c.task)}
        options={(tasks.includes(nameOf(c.task)) ? tasks : [...tasks, nameOf(c.task)]).map((t) => [
          t,
          w.tasks[t] ?? t,
        ])}
        note={note(nameOf(c.task) === nameOf(d.task), defined(w.tasks[nameOf(d.task)]))}
        onChange={choose}
      />
      <Choice
        label={w.plain}
        value={plainName}
        options={plains.map((t) => [t, words.texts[t] ?? w.plainOwn])}
        note={note(plainName === 'atlas-heldout', defined(words.texts['atlas-heldout']))}
        onChange={(id) => id !== 'own' && change('plain', { plain: { kind: 'bundled', id } })}
      />
      <Choice
        label={w.scoring}
        value={c.scoring}
        options={[
          ['mean', w.mean],
          ['sum', w.sum],
        ]}
        note={note(c.scoring === d.scoring, w[d.scoring])}
        onChange={(scoring) => change('scoring', { scoring })}
      />
      {number('samples')}
      {number('test')}
      {number('trials')}
      {number('checks')}
      <NumbersField
        label={w.rowBlocks}
        value={c.rowBlocks}
        hint={w.rowBlocksHint}
        note={note(c.rowBlocks.join() === d.rowBlocks.join(), d.rowBlocks.join(', '))}
        onCommit={(rowBlocks) =>
          change('rowBlocks', { rowBlocks: rowBlocks as Settings['rowBlocks'] })
        }
      />
      <Choice
        label={w.split}
        value={c.split}
        options={[
          ['contiguous', w.contiguous],
          ['kmeans', w.kmeans],
        ]}
        note={note(c.split === d.split, w[d.split])}
        onChange={(split) => change('split', { split })}
      />
      <Choice
        label={w.ranking}
        value={c.ranking}
        options={[
          ['curvature', w.curvature],
          ['first-order', w['first-order']],
        ]}
        note={note(c.ranking === d.ranking, w[d.ranking])}
        onChange={(ranking) => change('ranking', { ranking })}
      />
      <Choice
        label={w.laser}
        value={c.laser}
        options={[
          ['none', w.none],
          ['sample', w.sample],
          ['all', w.all],
        ]}
        note={note(c.laser === d.laser, w[d.laser])}
        onChange={(laser) => change('laser', { laser })}
      />
    </>
  );
}
