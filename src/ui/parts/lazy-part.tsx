/**
 * Parts of the page in separate files. A part that fails to load or to render shows an error in its
 * place and offers to try again. The rest of the page and the run continue.
 */
import { Component, lazy, useReducer, type ComponentType, type ReactNode } from 'react';
import { missingPart } from '../../worker/missing-part.ts';
import { useWords } from '../use-words.ts';

/** All files that have not been requested yet, in order of declaration. */
const waiting = new Set<() => Promise<unknown>>();

/**
 * A component whose code `load` fetches when it is first shown. Render it inside `Suspense`.
 * `close` dismisses a part that covers the page.
 */
export function lazyPart<P extends object>(
  load: () => Promise<ComponentType<P>>,
  close?: () => void,
): ComponentType<P> {
  const ask = async () => {
    waiting.delete(load);
    return { default: await load() };
  };
  waiting.add(load);
  // React caches a failed `lazy` forever, so a retry needs a new one.
  let Loaded = lazy(ask);
  return function Part(props: P) {
    const [attempt, tryAgain] = useReducer((n: number) => n + 1, 0);
    const again = () => {
      Loaded = lazy(ask);
      tryAgain();
    };
    return (
      <PartBoundary key={attempt} again={again} close={close}>
        <Loaded {...props} />
      </PartBoundary>
    );
  };
}

/**
 * Fetches the remaining files one at a time while the page is idle. They are then available offline
 * and after a new release. A file that fails is fetched again when it is shown.
 */
export async function fetchWaitingParts(idle: () => Promise<void>): Promise<void> {
  for (const load of waiting) {
    await idle();
    waiting.delete(load);
    await load().catch(() => undefined);
  }
}

interface FailedProps {
  again(): void;
  close: (() => void) | undefined;
}

class PartBoundary extends Component<FailedProps & { children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };
  static getDerivedStateFromError(error: unknown) {
    return { error };
  }
  override render() {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return <PartFailed error={error} again={this.props.again} close={this.props.close} />;
  }
}

function PartFailed({ error, again, close }: FailedProps & { error: unknown }) {
  const words = useWords();
  const missing = missingPart(error);
  return (
    <div className="part-failed" role="alert">
      <p>{missing ? words.error(missing.code, missing.values) : words.partFailed}</p>
      <p className="row start">
        <button type="button" className="button act" onClick={again}>
          {words.banner.tryAgain}
        </button>
        <button type="button" className="button" onClick={() => location.reload()}>
          {words.reload}
        </button>
        {close && (
          <button type="button" className="button" onClick={close}>
            {words.banner.dismiss}
          </button>
        )}
      </p>
    </div>
  );
}
