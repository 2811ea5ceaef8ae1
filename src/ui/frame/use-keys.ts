/**
 * Single-key shortcuts of the whole page. They are off in text fields, while a dialog or popover is
 * open, and if the visitor turned them off.
 */
import { useEffect } from 'react';
import { openStudy, useExperiment } from '../../state/experiment-store.ts';
import { playOrPause, reset, step, travel } from '../../state/runs.ts';
import { useMap } from '../../state/map-store.ts';
import { manifestOf } from '../../studies/manifest-of.ts';
import { useView } from '../../state/view-store.ts';
import { present } from './present.ts';
import { endTour, nextCard } from './tour-control.ts';
import { nextStop, setMeanRank } from '../sidebar/MeanRank.tsx';

const typing = (target: EventTarget | null) =>
  target instanceof Element &&
  target.closest(
    'input:not([type="range"], [type="checkbox"], [type="radio"]), textarea, select',
  ) !== null;

/**
 * Returns to the map's charts. The focus goes to the preset menu, from which the comparison was
 * opened.
 */
export function closeAgreement(): void {
  openStudy('map');
  document.getElementById('preset')?.focus();
}

/**
 * Closes the topmost view over the map or the panel. Returns false if there is none. Dialogs and
 * popovers close themselves.
 */
function escape(): boolean {
  const { opened, stepped, picker, set } = useView.getState();
  if (useMap.getState().comparing) useMap.setState({ comparing: null });
  else if (picker) {
    set({ picker: false });
    document.getElementById('change-model')?.focus();
  } else if (opened !== null) {
    set({ opened: null });
    if (!stepped) document.querySelector<HTMLElement>(`[data-module="${opened}"]`)?.focus();
  } else if (manifestOf(viewed()).place === 'panel') closeAgreement();
  else if (useView.getState().tour !== null) endTour();
  else if (useView.getState().present) present(false);
  else return false;
  return true;
}

const viewed = () => useExperiment.getState().spec.study;

const keys: Record<string, () => void> = {
  k: () => playOrPause(viewed()),
  s: () => step(viewed()),
  r: () => reset(viewed()),
  m: () => document.querySelector<HTMLElement>('#map [tabindex="0"]')?.focus(),
  t: () => useView.setState((v) => ({ table: !v.table })),
  v: () => useView.setState((v) => ({ versus: !v.versus })),
  n: nextCard,
  p: () => present(!useView.getState().present),
  '[': () => setMeanRank(nextStop(useExperiment.getState().spec.allocation.meanRank, -1)),
  ']': () => setMeanRank(nextStop(useExperiment.getState().spec.allocation.meanRank, 1)),
  '?': () => useView.setState({ dialog: 'help' }),
};

export function useKeys(): void {
  useEffect(() => {
    function onKey(e: KeyboardEvent) {
      if (e.defaultPrevented || document.querySelector('dialog[open], [popover]:popover-open'))
        return;
      if (e.key === 'Escape' && escape()) return e.preventDefault();
      if (typing(e.target)) return;
      if ((e.ctrlKey || e.metaKey) && !e.altKey && e.key.toLowerCase() === 'z') {
        e.preventDefault();
        return travel(e.shiftKey ? 'redo' : 'undo');
      }
      const act = keys[e.key.toLowerCase()];
      if (!act || e.ctrlKey || e.metaKey || e.altKey || !useView.getState().singleKeys) return;
      e.preventDefault();
      act();
    }
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}
