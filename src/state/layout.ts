/** The position of each module on the map: rows are layers, and columns follow from the model. */
import type { ModuleGroup } from '../compiler/modules.ts';
import type { MeasuredModule } from '../studies/map/result.ts';

export interface Column {
  key: string;
  role: string;
  group: ModuleGroup;
}

export interface MapLayout {
  layers: number;
  columns: readonly Column[];
  /** Neighbouring columns of one group. */
  groups: readonly { group: ModuleGroup; from: number; count: number }[];
  /**
   * Index into the model's modules, or −1 if a layer has no such module. `[layer · columns +
   * column]`.
   */
  cells: readonly number[];
}

/** A recorded file may name a group that this version does not know. */
export const groupOf = (name: string): ModuleGroup =>
  name === 'attention' || name === 'mlp' ? name : 'other';

/** Attention, then MLP, then the rest; within a group in the model's order. */
const order: Record<ModuleGroup, number> = { attention: 0, mlp: 1, other: 2 };

/** Several modules of one role in a layer get one column each. */
export function mapLayout(
  modules: readonly Pick<MeasuredModule, 'layer' | 'role' | 'group'>[],
  layers: number,
): MapLayout {
  const columns: Column[] = [];
  const keys: string[] = [];
  const seen = new Map<string, number>();
  for (const { layer, role, group: name } of modules) {
    const group = groupOf(name);
    const place = `${layer} ${group} ${role}`;
    const count = seen.get(place) ?? 0;
    seen.set(place, count + 1);
    const key = `${group} ${role} ${count}`;
    keys.push(key);
    if (!columns.some((c) => c.key === key))
      columns.push({ key, role: count ? `${role} ${count + 1}` : role, group });
  }
  columns.sort((a, b) => order[a.group] - order[b.group]);
  const cells = new Array<number>(layers * columns.length).fill(-1);
  modules.forEach(
    (m, i) => (cells[m.layer * columns.length + columns.findIndex((c) => c.key === keys[i])] = i),
  );
  const groups: { group: ModuleGroup; from: number; count: number }[] = [];
  columns.forEach(({ group }, i) => {
    const last = groups.at(-1);
    if (last?.group === group) last.count++;
    else groups.push({ group, from: i, count: 1 });
  });
  return { layers, columns, groups, cells };
}

/** The number of gaps between groups before a column. */
export const gapsBefore = ({ groups }: MapLayout, column: number): number =>
  groups.findIndex((g) => column < g.from + g.count);

/** CSS columns of equal width, with a narrow one of `gap` between groups. */
export const gridColumns = ({ groups }: MapLayout, gap: string): string =>
  groups.map((g) => `repeat(${g.count}, minmax(0, 1fr))`).join(` ${gap} `);

/**
 * The module a key moves to, skipping empty cells; null if the key does not navigate. `page`: rows
 * for PgUp and PgDn.
 */
export function moveOnMap({
  layout,
  from,
  key,
  ctrl,
  page = 5,
}: {
  layout: MapLayout;
  from: number;
  key: string;
  ctrl: boolean;
  page?: number;
}): number | null {
  const width = layout.columns.length;
  const at = layout.cells.indexOf(from);
  let row = Math.floor(at / width);
  let column = at % width;
  const last = { row: layout.layers - 1, column: width - 1 };
  let step: [number, number];
  switch (key) {
    case 'ArrowUp':
      row--;
      step = [-1, 0];
      break;
    case 'ArrowDown':
      row++;
      step = [1, 0];
      break;
    case 'ArrowLeft':
      column--;
      step = [0, -1];
      break;
    case 'ArrowRight':
      column++;
      step = [0, 1];
      break;
    case 'PageUp':
      row = Math.max(0, row - page);
      step = [1, 0];
      break;
    case 'PageDown':
      row = Math.min(last.row, row + page);
      step = [-1, 0];
      break;
    case 'Home':
      column = 0;
      if (ctrl) row = 0;
      step = [0, 1];
      break;
    case 'End':
      column = last.column;
      if (ctrl) row = last.row;
      step = [0, -1];
      break;
    default:
      return null;
  }
  for (
    ;
    row >= 0 && row <= last.row && column >= 0 && column <= last.column;
    row += step[0], column += step[1]
  ) {
    const found = layout.cells[row * width + column]!;
    if (found >= 0) return found;
  }
  return from;
}
