/** Tools of the map: compare with uniform ranks, show the table, export as SVG or CSV. */
import { usePick } from '../../state/pick.ts';
import { useView } from '../../state/view-store.ts';
import { useWords } from '../use-words.ts';
import type { MapView } from './use-map-view.ts';
import { useSaveMap } from './use-save-map.ts';

export function MapTools({ view }: { view: MapView }) {
  const words = useWords();
  const { table, versus, set } = usePick(useView, 'table', 'versus', 'set');
  const save = useSaveMap(view);
  // The file has the measured ranks.
  const csv = view.adapter === null ? save.csv : null;
  const ready = view.table.allocation !== null;
  return (
    <span className="tools">
      <label className="choice">
        <input
          type="checkbox"
          checked={versus}
          disabled={!ready}
          onChange={(e) => set({ versus: e.target.checked })}
        />
        <span>{words.map.vsUniform}</span>
      </label>
      <button type="button" className="link" onClick={() => set({ table: !table })}>
        {table ? words.map.map : words.map.table}
      </button>
      <button type="button" className="link" disabled={!save.svg} onClick={save.svg ?? undefined}>
        {words.map.svg}
      </button>
      <button type="button" className="link" disabled={!csv} onClick={csv ?? undefined}>
        {words.map.csv}
      </button>
    </span>
  );
}
