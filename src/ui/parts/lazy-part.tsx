/**
 * Parts of the page that come in files of their own. A part that cannot be loaded, or that breaks,
 * says so in its own place and offers to try again; the rest of the page and the run go on.
 */
import { Component, lazy, useReducer, type ComponentType, type ReactNode } from 'react';
import { missingPart } from '../../worker/missing-part.ts';
import { useWords } from '../use-words.ts';

/** Every file that has not been asked for yet, in the order of this program. */
const waiting = new Set<() => Promise<unknown>>();

/**
 * The component that `load` gives, fetched when it is first shown. Show it inside `Suspense`.
 * `close` takes a part that lies over the page away.
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
  // React remembers a failed `lazy` for ever: another try needs another one.
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
 * Fetches what is left, a file at a time while the page is idle, so that it is there without a
 * connection and after a new release. A file that fails is fetched again when it is shown.
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
          {words.band.tryAgain}
        </button>
        <button type="button" className="button" onClick={() => location.reload()}>
          {words.reload}
        </button>
        {close && (
          <button type="button" className="button" onClick={close}>
            {words.band.dismiss}
          </button>
        )}
      </p>
    </div>
  );
}
