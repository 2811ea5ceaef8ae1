/** Scrolls to the element that shows a number, focuses and outlines it. */

/** Milliseconds of the outline. */
const OUTLINED = 2000;

/** `at`: selectors in order of preference; the first visible element is used. */
export function showOnPage(at: readonly string[]): void {
  const found = at
    .map((selector) => document.querySelector<HTMLElement>(selector))
    .find((element) => element !== null && element.getClientRects().length > 0);
  if (!found) return;
  found.scrollIntoView({ block: 'center' });
  found.focus({ preventScroll: true });
  found.classList.add('pointed-at');
  setTimeout(() => found.classList.remove('pointed-at'), OUTLINED);
}
