/** The open dialog; at most one. */
import { useView, type SheetName } from '../../state/view-store.ts';
import { Sheet } from '../parts/Sheet.tsx';
import { RailContent } from '../rail/Rail.tsx';
import { useWords } from '../use-words.ts';
import { ExportSheet } from './ExportSheet.tsx';
import { HelpSheet } from './HelpSheet.tsx';
import { LinkSheet } from './LinkSheet.tsx';
import { TextSheet } from './TextSheet.tsx';

export function Sheets({ name }: { name: SheetName }) {
  const words = useWords();
  const set = useView((v) => v.set);
  const close = () => set({ sheet: null });
  switch (name) {
    case 'export':
      return (
        <Sheet title={words.export.title} onClose={close}>
          <ExportSheet />
        </Sheet>
      );
    case 'help':
      return (
        <Sheet title={words.help.title} onClose={close} kind="wide">
          <HelpSheet />
        </Sheet>
      );
    case 'text':
      return (
        <Sheet title={words.text.title} onClose={close} kind="wide">
          <TextSheet close={close} />
        </Sheet>
      );
    case 'link':
      return (
        <Sheet title={words.export.link} onClose={close}>
          <LinkSheet />
        </Sheet>
      );
    case 'drawer':
      return (
        <Sheet title={words.rail.label} onClose={close} kind="drawer">
          <div className="rail">
            <RailContent />
          </div>
        </Sheet>
      );
  }
}
