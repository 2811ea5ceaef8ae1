/** Collapsible settings below a chart. The contents are rendered only while the fold is open. */
import { useState, type ReactNode } from 'react';

export function SettingsFold({ title, children }: { title: string; children: ReactNode }) {
  const [open, setOpen] = useState(false);
  return (
    <details
      className="advanced rule-top"
      open={open}
      onToggle={(e) => setOpen(e.currentTarget.open)}
    >
      <summary>{title}</summary>
      {open && <div className="stack fields">{children}</div>}
    </details>
  );
}
