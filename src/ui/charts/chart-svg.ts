/**
 * Exports a chart of the page as a standalone SVG file: title, finding and unit above the drawings,
 * with all styles inlined and the panel's background colour.
 */
import { elementAt } from '../../checked.ts';

/** Style properties of marks. The remaining properties only affect page layout. */
const properties = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-opacity',
  'stroke-linejoin',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
  'dominant-baseline',
  'visibility',
];

const NS = 'http://www.w3.org/2000/svg';
const HEAD = 84;
const MARGIN = 16;

export interface ChartWords {
  title: string;
  finding: string;
  unit: string;
  source: string;
}

/**
 * Returns the SVG text. If `box` contains several drawings, their relative positions are preserved.
 */
export function chartSvg(box: Element, words: ChartWords): string {
  const { left, top, width, height } = box.getBoundingClientRect();
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(name).trim();

  // At least 600, so that the finding fits on one line in both languages.
  const wide = Math.max(600, width + 2 * MARGIN);
  const high = height + HEAD + 28;
  const out = element('svg', {
    width: wide,
    height: high,
    viewBox: `0 0 ${wide} ${high}`,
    'font-family': token('--sans'),
    'font-size': 12,
    fill: token('--ink2'),
  });
  out.append(
    element('title', {}, `${words.title}. ${words.finding}`),
    element('rect', { width: '100%', height: '100%', fill: token('--surface') }),
    element(
      'text',
      { x: MARGIN, y: 26, 'font-size': 15, 'font-weight': 600, fill: token('--ink') },
      words.title,
    ),
    element(
      'text',
      { x: MARGIN, y: 50, 'font-size': 17, 'font-family': token('--serif'), fill: token('--ink') },
      words.finding,
    ),
    element('text', { x: MARGIN, y: 74, fill: token('--ink3') }, words.unit),
    element('text', { x: MARGIN, y: height + HEAD + 18, 'font-size': 10 }, words.source),
  );
  for (const svg of box.querySelectorAll('svg')) {
    const copy = withStyles(svg);
    const place = svg.getBoundingClientRect();
    copy.setAttribute('x', String(MARGIN + place.left - left));
    copy.setAttribute('y', String(HEAD + place.top - top));
    copy.setAttribute('width', String(place.width));
    copy.setAttribute('height', String(place.height));
    copy.setAttribute('overflow', 'visible');
    out.append(copy);
  }
  return new XMLSerializer().serializeToString(out);
}

function element(name: string, attributes: Record<string, string | number>, text = ''): SVGElement {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.textContent = text;
  return made;
}

/** A copy that does not depend on the page's stylesheet. */
function withStyles(svg: SVGSVGElement): SVGSVGElement {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const from = [svg, ...svg.querySelectorAll('*')];
  const to = [copy, ...copy.querySelectorAll('*')];
  from.forEach((original, i) => {
    const style = getComputedStyle(original);
    const target = elementAt(to, i);
    target.removeAttribute('class');
    target.removeAttribute('style');
    for (const name of properties) {
      const value = style.getPropertyValue(name);
      if (value) target.setAttribute(name, value);
    }
  });
  return copy;
}
