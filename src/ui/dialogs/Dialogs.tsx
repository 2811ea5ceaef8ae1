/** The open dialog; at most one. */
import { useView, type DialogName } from '../../state/view-store.ts';
import { Dialog } from '../parts/Dialog.tsx';
import { SidebarContent } from '../sidebar/Sidebar.tsx';
import { useWords } from '../use-words.ts';
import { ExportDialog } from './ExportDialog.tsx';
import { HelpDialog } from './HelpDialog.tsx';
import { LinkDialog } from './LinkDialog.tsx';
import { TextDialog } from './TextDialog.tsx';

export function Dialogs({ name }: { name: DialogName }) {
  const words = useWords();
  const set = useView((v) => v.set);
  const close = () => set({ dialog: null });
  switch (name) {
    case 'export':
      return (
        <Dialog title={words.export.title} onClose={close}>
          <ExportDialog />
        </Dialog>
      );
    case 'help':
      return (
        <Dialog title={words.help.title} onClose={close} kind="wide">
          <HelpDialog />
        </Dialog>
      );
    case 'text':
      return (
        <Dialog title={words.text.title} onClose={close} kind="wide">
          <TextDialog close={close} />
        </Dialog>
      );
    case 'link':
      return (
        <Dialog title={words.export.link} onClose={close}>
          <LinkDialog />
        </Dialog>
      );
    case 'drawer':
      return (
        <Dialog title={words.sidebar.label} onClose={close} kind="drawer">
          <div className="sidebar">
            <SidebarContent />
          </div>
        </Dialog>
      );
  }
}
