/** Starts, advances and ends the tour. Its cards are loaded when it starts. */
import { useMap } from '../../state/map-store.ts';
import { useView } from '../../state/view-store.ts';

export const TOUR_CARDS = 8;

/** Starts at the first card. Closes everything that would cover the elements the cards explain. */
export function startTour(): void {
  useMap.setState({ comparing: null });
  useView.setState({ tour: 0, dialog: null, picker: false, opened: null, table: false });
}

export function nextCard(): void {
  const { tour } = useView.getState();
  if (tour !== null) useView.setState({ tour: Math.min(tour + 1, TOUR_CARDS - 1) });
}

/** Ends the tour and moves the focus to the Help button. */
export function endTour(): void {
  useView.setState({ tour: null });
  document.getElementById('help')?.focus();
}
