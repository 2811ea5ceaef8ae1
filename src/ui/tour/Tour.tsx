/**
 * The tour: eight cards, each next to the element it explains. The tour is not modal: a reader
 * tries what the card suggests, then continues with N (next) or Tab; Esc ends the tour. It never
 * starts automatically.
 */
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { defined, elementAt } from '../../checked.ts';
import { useView } from '../../state/view-store.ts';
import { tourWords } from '../../words/tour-words.ts';
import type { TourWords } from '../../words/tour.en.ts';
import { useWords } from '../use-words.ts';
import { endTour, TOUR_CARDS } from '../frame/tour-control.ts';
import { usePhone } from '../parts/use-media.ts';
import { placeNextTo, type Box } from './place.ts';
import './tour.css';

/**
 * The element each card is next to. If the first selector matches no visible element, the next one
 * is used.
 */
const cards: readonly (readonly [keyof TourWords['cards'], readonly string[]])[] = [
  ['map', ['#map', '#centre']],
  ['cell', ['#map [tabindex="0"]', '#map']],
  ['step', ['.joined button:last-child']],
  ['ranges', ['.map-card .keys', '.map-card']],
  ['meanRank', ['.body .mean-rank', '.only-drawer', '.phone-row button', '.map-card']],
  ['race', ['#tab-race', '.panel']],
  ['tabs', ['.tabs', '.panel']],
  ['link', ['.actions .steady', '.header']],
];

const seen = (selectors: readonly string[]): HTMLElement | null =>
  selectors
    .map((s) => document.querySelector<HTMLElement>(s))
    .find((e) => e !== null && e.getClientRects().length > 0) ?? null;

const plain = ({ left, top, width, height }: DOMRect): Box => ({ left, top, width, height });

export function Tour({ at }: { at: number }) {
  const words = useWords();
  const w = tourWords[useView((v) => v.language)];
  const phone = usePhone();
  const [name, selectors] = elementAt(cards, at);
  const { title, text, try: task } = w.cards[name];
  const card = useRef<HTMLElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const [place, setPlace] = useState<{ ring: Box | null; left: number; top: number } | null>(null);

  useEffect(() => {
    const target = seen(selectors);
    if (phone && target) scrollTo(0, scrollY + target.getBoundingClientRect().top - 80);
    else target?.scrollIntoView({ block: 'nearest' });
    heading.current?.focus({ preventScroll: true });
  }, [selectors, phone]);

  useLayoutEffect(() => {
    function dock() {
      const box = seen(selectors)?.getBoundingClientRect();
      const { offsetWidth: width, offsetHeight: height } = defined(card.current);
      const ring = box ? plain(box) : null;
      const map = seen(['.map-card'])?.getBoundingClientRect();
      setPlace({
        ring,
        ...placeNextTo(
          ring,
          { width, height },
          { width: innerWidth, height: innerHeight },
          map && plain(map),
        ),
      });
    }
    dock();
    // Panels next to the map may load late or close, so reposition the card whenever the page's
    // size changes.
    const watch = new ResizeObserver(dock);
    watch.observe(document.body);
    watch.observe(defined(card.current));
    addEventListener('resize', dock);
    document.addEventListener('scroll', dock, { capture: true, passive: true });
    return () => {
      watch.disconnect();
      removeEventListener('resize', dock);
      document.removeEventListener('scroll', dock, { capture: true });
    };
  }, [selectors, text]);

  const go = (to: number) => useView.setState({ tour: to });
  return (
    <>
      {place?.ring && (
        <div
          className="tour-ring"
          aria-hidden="true"
          style={{
            left: place.ring.left - 4,
            top: place.ring.top - 4,
            width: place.ring.width + 8,
            height: place.ring.height + 8,
          }}
        />
      )}
      <section
        ref={card}
        className="tour"
        role="dialog"
        aria-labelledby="tour-title"
        aria-describedby="tour-text"
        style={place && !phone ? { left: place.left, top: place.top } : undefined}
        onKeyDown={(e) => {
          if (e.key === 'Escape') {
            e.preventDefault();
            e.stopPropagation();
            endTour();
          }
        }}
      >
        <div className="row">
          <small className="ink2">{w.at(at + 1, TOUR_CARDS)}</small>
          <button type="button" className="button small" aria-label={w.close} onClick={endTour}>
            {words.close} <small>Esc</small>
          </button>
        </div>
        <h2 id="tour-title" ref={heading} tabIndex={-1} aria-describedby="tour-text">
          {title}
        </h2>
        <div id="tour-text">
          <p>{text}</p>
          <p>
            <b>{w.try}:</b> {task}
          </p>
        </div>
        <div className="row">
          <button
            type="button"
            className="button line small"
            disabled={at === 0}
            onClick={() => go(at - 1)}
          >
            {w.back}
          </button>
          {at < TOUR_CARDS - 1 ? (
            <button type="button" className="button act small" title="N" onClick={() => go(at + 1)}>
              {w.next}
            </button>
          ) : (
            <button type="button" className="button act small" onClick={endTour}>
              {w.end}
            </button>
          )}
        </div>
      </section>
    </>
  );
}
