/** The study's settings, folded away: which ranks, over which weights, trained how. */
import {
  SLIDER_LIMITS,
  type SliderSettings as Settings,
} from '../../../studies/slider/settings.ts';
import { defaults } from '../../../state/derived.ts';
import { useExperiment } from '../../../state/experiment-store.ts';
import { Choice } from '../../parts/Choice.tsx';
import { NumberField } from '../../parts/NumberField.tsx';
import { NumbersField } from '../../parts/NumbersField.tsx';
import { SettingsFold } from '../../parts/SettingsFold.tsx';
import { useEdit } from '../../parts/use-edit.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { sliderWords } from '../../../studies/slider/words.ts';
import { useWords } from '../../use-words.ts';
import { StudyNeed } from '../../plate/StudyNeed.tsx';
import { TrainingFields } from '../../plate/TrainingFields.tsx';

export function SliderSettings() {
  const words = useWords();
  return (
    <SettingsFold title={words.training.settings}>
      <Fields />
      <TrainingFields />
      <StudyNeed study="slider" />
    </SettingsFold>
  );
}

function Fields() {
  const words = useWords();
  const w = inLanguage(sliderWords, words).settings;
  const why = inLanguage(sliderWords, words).why;
  const slider = useExperiment((e) => e.spec.slider);
  const edit = useEdit();
  const d = defaults.slider;
  const change = (key: string, patch: Partial<Settings>) =>
    edit(`slider.${key}`, (s) => ({ ...s, slider: { ...s.slider, ...patch } }));
  const note = (same: boolean, normal: string) => (same ? null : words.rail.default(normal));
  return (
    <>
      {/* Ranks of LoRAs beside that would lie above the new end go with it. */}
      <NumberField
        label={w.rank}
        value={slider.rank}
        min={SLIDER_LIMITS.rank[0]}
        max={SLIDER_LIMITS.rank[1]}
        note={note(slider.rank === d.rank, String(d.rank))}
        onCommit={(rank) =>
          change('rank', { rank, compare: slider.compare.filter((r) => r <= rank) })
        }
      />
      <Choice
        label={w.ranks}
        value={slider.ranks}
        options={[
          ['uniform', words.values.uniform],
          ['map', words.values.map],
        ]}
        note={note(slider.ranks === d.ranks, words.values[d.ranks])}
        onChange={(ranks) => change('ranks', { ranks })}
      />
      <Choice
        label={w.base}
        value={slider.base}
        options={[
          ['nf4', words.values.nf4],
          ['as-is', words.values['as-is']],
        ]}
        note={note(slider.base === d.base, words.values[d.base])}
        onChange={(base) => change('base', { base })}
      />
      <Choice
        label={w.mode}
        value={slider.mode}
        options={[
          ['full', words.values.full],
          ['frozen', words.values.frozen],
        ]}
        why={why.mode}
        note={note(slider.mode === d.mode, words.values[d.mode])}
        onChange={(mode) => change('mode', { mode })}
      />
      <Choice
        label={w.draw}
        value={slider.draw.kind}
        options={[
          ['uniform', words.values.drawUniform],
          ['geometric', words.values.drawGeometric],
        ]}
        why={why.draw}
        note={note(slider.draw.kind === d.draw.kind, words.values.drawUniform)}
        onChange={(kind) =>
          change('draw', { draw: kind === 'uniform' ? { kind } : { kind, p: 0.15 } })
        }
      />
      <NumberField
        label={w.alpha}
        value={slider.alpha}
        min={SLIDER_LIMITS.alpha[0]}
        max={SLIDER_LIMITS.alpha[1]}
        step="any"
        note={note(slider.alpha === d.alpha, String(d.alpha))}
        onCommit={(alpha) => change('alpha', { alpha })}
      />
      <NumbersField
        label={w.compare}
        value={slider.compare}
        hint={w.compareHint}
        step={1}
        placeholder="–"
        onCommit={(compare) => change('compare', { compare })}
      />
    </>
  );
}
