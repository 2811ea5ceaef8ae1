/**
 * Returns `value` with a delay, updated as a transition in its own task. What is drawn from it then
 * blocks neither the rest of the page nor other delayed parts.
 */
import { startTransition, useEffect, useState } from 'react';

/** Milliseconds. By then the map and its bars have been painted. */
const MOMENT = 150;

export function useLater<T>(value: T): T {
  const [late, setLate] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => startTransition(() => setLate(() => value)), MOMENT);
    return () => clearTimeout(timer);
  }, [value]);
  return late;
}
