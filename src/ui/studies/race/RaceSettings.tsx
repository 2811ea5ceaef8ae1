/** Settings of the race: entries, budgets, seeds and training. */
import { RACE_ENTRIES, type RaceEntry } from '../../../studies/race/entries.ts';
import { RACE_LIMITS, type RaceSettings as Settings } from '../../../studies/race/settings.ts';
import { defaults } from '../../../state/derived.ts';
import { useExperiment } from '../../../state/experiment-store.ts';
import { useStudy } from '../../../state/study-store.ts';
import { Choice } from '../../parts/Choice.tsx';
import { NumberField } from '../../parts/NumberField.tsx';
import { NumbersField } from '../../parts/NumbersField.tsx';
import { SettingsFold } from '../../parts/SettingsFold.tsx';
import { useEdit } from '../../parts/use-edit.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { raceWords } from '../../../studies/race/words.ts';
import { useWords } from '../../use-words.ts';
import { StudyNeed } from '../../panel/StudyNeed.tsx';
import { TrainingFields } from '../../panel/TrainingFields.tsx';
import { LineKey } from '../../charts/ChartLegend.tsx';
import { LOOKS } from './look.ts';

export function RaceSettings() {
  const words = useWords();
  return (
    <SettingsFold title={words.training.settings}>
      <Fields />
      <TrainingFields />
      <StudyNeed study="race" />
    </SettingsFold>
  );
}

function Fields() {
  const words = useWords();
  const w = inLanguage(raceWords, words).settings;
  const d = defaults.race;
  const race = useExperiment((e) => e.spec.race);
  const edit = useEdit();
  const change = (key: string, patch: Partial<Settings>) =>
    edit(`race.${key}`, (s) => ({ ...s, race: { ...s.race, ...patch } }));
  const note = (same: boolean, normal: string) => (same ? null : words.sidebar.default(normal));
  return (
    <>
      <Entries value={race.entries} onChange={(entries) => change('entries', { entries })} />
      <NumbersField
        label={w.meanRanks}
        value={race.meanRanks}
        hint={w.meanRanksHint}
        note={note(race.meanRanks.join() === d.meanRanks.join(), d.meanRanks.join(', '))}
        onCommit={(meanRanks) => change('meanRanks', { meanRanks })}
      />
      <NumberField
        label={w.seeds}
        value={race.seeds}
        min={RACE_LIMITS.seeds[0]}
        max={RACE_LIMITS.seeds[1]}
        note={note(race.seeds === d.seeds, String(d.seeds))}
        onCommit={(seeds) => change('seeds', { seeds })}
      />
      <Choice
        label={w.equal}
        value={race.equal}
        options={[
          ['parameters', w.parameters],
          ['ranks', w.ranks],
        ]}
        note={note(race.equal === d.equal, w[d.equal])}
        onChange={(equal) => change('equal', { equal })}
      />
      <NumberField
        label={w.sequences}
        value={race.sequences}
        min={RACE_LIMITS.sequences[0]}
        max={RACE_LIMITS.sequences[1]}
        note={note(race.sequences === d.sequences, String(d.sequences))}
        onCommit={(sequences) => change('sequences', { sequences })}
      />
    </>
  );
}

/** Choice of entries, in the order of the list. At least two remain selected. */
function Entries({
  value,
  onChange,
}: {
  value: readonly RaceEntry[];
  onChange(entries: RaceEntry[]): void;
}) {
  const w = inLanguage(raceWords, useWords());
  const taken = useStudy((s) => s.adapters.some((a) => a.name === 'imported'));
  // An entry whose adapter is missing can only be deselected.
  const offered = RACE_ENTRIES.filter(
    (entry) => entry !== 'imported' || taken || value.includes(entry),
  );
  return (
    <fieldset className="entries">
      <legend className="small ink2">{w.settings.entries}</legend>
      {offered.map((entry) => {
        const chosen = value.includes(entry);
        return (
          <label key={entry} className="choice" title={w.about[entry]}>
            <input
              type="checkbox"
              checked={chosen}
              disabled={chosen && value.length <= 2}
              onChange={() =>
                onChange(RACE_ENTRIES.filter((e) => (e === entry ? !chosen : value.includes(e))))
              }
            />
            <LineKey look={LOOKS[entry]} />
            {w.names[entry]}
          </label>
        );
      })}
    </fieldset>
  );
}
