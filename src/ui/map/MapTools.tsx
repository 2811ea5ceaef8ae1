/** What can be done with the map: compare with uniform ranks, see the table, take it away as SVG or CSV. */
import { useRankTable } from '../../state/derived.ts';
import { useView } from '../../state/view-store.ts';
import { useWords } from '../words/use-words.ts';
import { useSaveMap } from './use-save-map.ts';

export function MapTools() {
  const words = useWords();
  const { table, versus, set } = useView();
  const save = useSaveMap();
  const ready = useRankTable().allocation !== null;
  return (
    <span className="tools">
      <label className="choice"><input type="checkbox" checked={versus} disabled={!ready} onChange={(e) => set({ versus: e.target.checked })} /><span>{words.map.vsUniform}</span></label>
      <button type="button" className="link" onClick={() => set({ table: !table })}>{table ? words.map.map : words.map.table}</button>
      <button type="button" className="link" disabled={!save.svg} onClick={save.svg ?? undefined}>{words.map.svg}</button>
      <button type="button" className="link" disabled={!save.csv} onClick={save.csv ?? undefined}>{words.map.csv}</button>
    </span>
  );
}
