/**
 * Presentation mode: the page laid out for a projector, without the sidebar and in larger type. Not
 * available on a phone.
 */
import { useView } from '../../state/view-store.ts';
import { usePhone } from '../parts/use-media.ts';

/** Sets the class first: the next render measures text in the new font size. */
export function present(on: boolean): void {
  document.documentElement.classList.toggle('present', on);
  useView.setState({ present: on });
}

export function usePresent(): boolean {
  const phone = usePhone();
  return useView((v) => v.present) && !phone;
}
