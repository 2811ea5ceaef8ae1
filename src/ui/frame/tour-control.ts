/** Starting, going on with and ending the tour; its cards come when it is started. */
import { useMap } from '../../state/map-store.ts';
import { useView } from '../../state/view-store.ts';

export const TOUR_CARDS = 8;

/** From the first card, with nothing lying over what they speak of. */
export function startTour(): void {
  useMap.setState({ comparing: null });
  useView.setState({ tour: 0, sheet: null, picker: false, opened: null, table: false });
}

export function nextCard(): void {
  const { tour } = useView.getState();
  if (tour !== null) useView.setState({ tour: Math.min(tour + 1, TOUR_CARDS - 1) });
}

/** Focus goes back to where Help is. */
export function endTour(): void {
  useView.setState({ tour: null });
  document.getElementById('help')?.focus();
}
