/** A term with a dotted underline that shows its definition on hover, focus and tap. */
import { useId, useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import type { Term as TermName } from '../../words/glossary.ts';
import { useGlossary } from './use-glossary.ts';

export function Term({ of, children }: { of: TermName; children: ReactNode }) {
  const id = useId();
  const [shown, setShown] = useState(false);
  const definition = useGlossary(shown)?.glossary[of];
  const button = useRef<HTMLButtonElement>(null);
  const tip = useRef<HTMLSpanElement>(null);
  const visible = shown && definition !== undefined;

  useLayoutEffect(() => {
    const from = button.current;
    const box = tip.current;
    if (!visible || !from || !box) return;
    box.showPopover();
    const rect = from.getBoundingClientRect();
    box.style.left = `${Math.max(8, Math.min(rect.left, innerWidth - box.offsetWidth - 8))}px`;
    box.style.top = `${rect.bottom + 6 + box.offsetHeight > innerHeight ? rect.top - box.offsetHeight - 6 : rect.bottom + 6}px`;
    return () => {
      if (box.matches(':popover-open')) box.hidePopover();
    };
  }, [visible]);

  const show = () => setShown(true);
  const hide = () => setShown(false);
  return (
    <>
      <button
        type="button"
        ref={button}
        className="term"
        aria-describedby={id}
        onMouseEnter={show}
        onMouseLeave={hide}
        onFocus={show}
        onBlur={hide}
        onClick={show}
        onKeyDown={(e) => {
          if (e.key === 'Escape') {
            hide();
            e.stopPropagation();
          }
        }}
      >
        {children}
      </button>
      <span id={id} ref={tip} popover="manual" className="popover tip">
        {definition}
      </span>
    </>
  );
}
