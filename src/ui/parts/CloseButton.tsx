/** Closes a panel, a dialog or the picker, as Esc does. */
import { useWords } from '../use-words.ts';

export function CloseButton({ onClose }: { onClose(): void }) {
  return (
    <button type="button" className="button small close" onClick={onClose}>
      {useWords().close} <small>Esc</small>
    </button>
  );
}
