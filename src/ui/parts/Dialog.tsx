/**
 * A dialog over the page. The native modal dialog closes on Esc, traps Tab and restores the focus.
 */
import { useEffect, useId, useRef, type ReactNode } from 'react';
import { defined } from '../../checked.ts';
import { useWords } from '../use-words.ts';

interface Props {
  title: string;
  onClose(): void;
  children: ReactNode;
  /** Class that sets the width or docks the dialog at a side. */
  kind?: string;
}

export function Dialog({ title, onClose, children, kind = '' }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const words = useWords();
  useEffect(() => {
    const element = defined(dialog.current);
    const opener = document.activeElement;
    element.showModal();
    // Focus the heading instead of the first control, so that a screen reader announces the dialog.
    defined(element.querySelector<HTMLElement>('h2')).focus();
    return () => {
      element.close();
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className={`dialog ${kind}`}
      aria-labelledby={heading}
      onCancel={(e) => {
        e.preventDefault();
        onClose();
      }}
      onClick={(e) => {
        if (e.target === dialog.current) onClose();
      }}
    >
      <div className="dialog-body">
        <div className="head">
          <h2 id={heading} tabIndex={-1}>
            {title}
          </h2>
          <button type="button" className="button small close" onClick={onClose}>
            {words.close} <small>Esc</small>
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}
