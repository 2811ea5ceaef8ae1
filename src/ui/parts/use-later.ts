/**
 * A value as it was a moment ago, taken over as a transition in a task of its own: what is drawn
 * from it does not hold up the rest of the page, nor is it drawn in one go with other late parts.
 */
import { startTransition, useEffect, useState } from 'react';

/** Milliseconds: by then the map has been painted, and the bars beside it. */
const MOMENT = 150;

export function useLater<T>(value: T): T {
  const [late, setLate] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => startTransition(() => setLate(() => value)), MOMENT);
    return () => clearTimeout(timer);
  }, [value]);
  return late;
}
