/**
 * A small panel under its button. The native popover closes on Esc and on a click elsewhere, and
 * restores the focus. This component only positions it.
 */
import { useId, useRef, useState, type ReactNode } from 'react';

/** Closes the popover around a control. */
export const closePopover = (inside: Element) =>
  inside.closest<HTMLElement>('[popover]')?.hidePopover();

interface Props {
  label: ReactNode;
  /** Accessible name, if the label alone does not say what opens. */
  name?: string;
  className?: string;
  title?: string;
  children: ReactNode;
}

export function Popover({ label, name, className = 'button', title, children }: Props) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);

  function place(isOpen: boolean) {
    setOpen(isOpen);
    if (!isOpen) return;
    requestAnimationFrame(() => {
      const from = button.current?.getBoundingClientRect();
      const box = panel.current;
      if (!from || !box) return;
      const width = box.offsetWidth;
      const height = box.offsetHeight;
      const left = Math.max(8, Math.min(from.left, innerWidth - width - 8));
      const below = from.bottom + 4;
      box.style.left = `${left}px`;
      box.style.top = `${below + height > innerHeight - 8 ? Math.max(8, from.top - height - 4) : below}px`;
    });
  }

  return (
    <>
      <button
        type="button"
        ref={button}
        className={className}
        popoverTarget={id}
        aria-expanded={open}
        aria-label={name}
        title={title}
      >
        {label}
      </button>
      <div
        id={id}
        ref={panel}
        popover="auto"
        className="popover"
        onToggle={(e) => place(e.newState === 'open')}
      >
        {open && children}
      </div>
    </>
  );
}
