/** Error boundary of the page: shows a message and a reload button instead of a blank page. */
import { Component, type ReactNode } from 'react';
import { useWords } from './use-words.ts';

export class Boundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };
  static getDerivedStateFromError() {
    return { failed: true };
  }
  override render() {
    return this.state.failed ? <Failed /> : this.props.children;
  }
}

function Failed() {
  const { pageFailed, reload } = useWords();
  return (
    <main className="page-failed" role="alert">
      <p className="finding">{pageFailed}</p>
      <button type="button" className="button act" onClick={() => location.reload()}>
        {reload}
      </button>
    </main>
  );
}
