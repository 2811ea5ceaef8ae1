/** The place of the article under the instrument. Scrolling, or its button, loads the article. */
import { Suspense, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { lazyPart } from '../parts/lazy-part.tsx';
import { useWords } from '../use-words.ts';

const Article = lazyPart(async () => (await import('./Article.tsx')).Article);

export function ArticleSlot() {
  const { article } = useWords();
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const hadFocus = useRef(false);
  const show = useCallback(() => {
    hadFocus.current = document.activeElement === button.current;
    setOpen(true);
  }, []);
  useEffect(() => {
    if (open) return;
    addEventListener('scroll', show, { once: true, passive: true });
    return () => removeEventListener('scroll', show);
  }, [open, show]);
  // The heading takes the focus of the button that it replaces.
  useLayoutEffect(() => {
    if (open && hadFocus.current) heading.current?.focus();
  }, [open]);
  return (
    <section className="article-slot" aria-label={article}>
      {open ? (
        <>
          <h2 tabIndex={-1} ref={heading}>
            {article}
          </h2>
          <Suspense fallback={null}>
            <Article />
          </Suspense>
        </>
      ) : (
        <button type="button" className="link" ref={button} onClick={show}>
          {article}
        </button>
      )}
    </section>
  );
}
