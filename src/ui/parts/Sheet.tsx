/**
 * A sheet over the page: a native modal dialog, so Esc closes it, Tab stays inside and focus
 * returns to what opened it.
 */
import { useEffect, useId, useRef, type ReactNode } from 'react';
import { defined } from '../../checked.ts';
import { useWords } from '../use-words.ts';

interface Props {
  title: string;
  onClose(): void;
  children: ReactNode;
  /** Class that sets the width or docks it at a side. */ kind?: string;
}

export function Sheet({ title, onClose, children, kind = '' }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const words = useWords();
  useEffect(() => {
    const element = defined(dialog.current);
    const opener = document.activeElement;
    element.showModal();
    // The heading, not the first control: a reader hears where they are.
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
