/** A term with a dotted underline that shows its definition on hover, focus and tap. */
import { useId, useRef, type ReactNode } from 'react';
import { useWords } from '../use-words.ts';
import type { Words } from '../../words/en.ts';

export function Term({ of, children }: { of: keyof Words['glossary']; children: ReactNode }) {
  const id = useId();
  const words = useWords();
  const button = useRef<HTMLButtonElement>(null);
  const tip = useRef<HTMLSpanElement>(null);

  function show() {
    const from = button.current;
    const box = tip.current;
    if (!from || !box || box.matches(':popover-open')) return;
    box.showPopover();
    const rect = from.getBoundingClientRect();
    box.style.left = `${Math.max(8, Math.min(rect.left, innerWidth - box.offsetWidth - 8))}px`;
    box.style.top = `${rect.bottom + 6 + box.offsetHeight > innerHeight ? rect.top - box.offsetHeight - 6 : rect.bottom + 6}px`;
  }
  const hide = () => {
    if (tip.current?.matches(':popover-open')) tip.current.hidePopover();
  };

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
        {words.glossary[of]}
      </span>
    </>
  );
}
