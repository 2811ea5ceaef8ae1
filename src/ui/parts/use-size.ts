/**
 * Size of an element's content box in CSS pixels, rounded; 0 before layout. Charts need numbers,
 * not percentages.
 */
import { useLayoutEffect, useRef, useState } from 'react';
import { defined } from '../../checked.ts';

export function useSize<T extends HTMLElement>() {
  const ref = useRef<T>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = defined(entry).contentRect;
      const next = { width: Math.round(width), height: Math.round(height) };
      setSize((old) => (old.width === next.width && old.height === next.height ? old : next));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { ref, ...size };
}
