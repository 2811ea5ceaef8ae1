/**
 * Present: the page laid out for a projector, without the rail and in larger type. A phone never
 * is.
 */
import { useView } from '../../state/view-store.ts';
import { usePhone } from '../parts/use-media.ts';

/** The size of type changes first: what is drawn next measures its words by it. */
export function present(on: boolean): void {
  document.documentElement.classList.toggle('present', on);
  useView.setState({ present: on });
}

export function usePresent(): boolean {
  const phone = usePhone();
  return useView((v) => v.present) && !phone;
}
