/** HTML that shows the experiment of a link in another page (docs/link-format.md). */

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

/** `link`: a whole link to the page. `panels`: the panels to show, in order. */
export function embedCode(link: string, panels: readonly string[], title: string): string {
  const url = new URL(link);
  url.search = `?embed=${panels.join(',')}`;
  return `<iframe
  src="${escaped(url.href)}"
  title="${escaped(title)}"
  width="700"
  height="760"
  loading="lazy"
></iframe>`;
}
