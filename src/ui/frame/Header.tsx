/**
 * The header: name, question, and the actions on the whole experiment. On a phone most actions are
 * in a menu.
 */
import { useEffect, useState } from 'react';
import { ownTextLength } from '../../experiment/link.ts';
import { linkNow } from '../../state/link-store.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { usePick } from '../../state/pick.ts';
import { useView } from '../../state/view-store.ts';
import { palette } from '../colour.ts';
import { copyText } from '../export/download.ts';
import { Popover } from '../parts/Popover.tsx';
import { useDark } from '../parts/use-media.ts';
import { loadWords, useWords } from '../use-words.ts';
import { present, usePresent } from './present.ts';

const marks = [0.05, 0.2, 0.45, 0.15, 0.5, 0.7, 0.4, 0.8, 1];

export function Logo() {
  const dark = useDark();
  const { sequential } = palette(dark);
  return (
    <svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">
      {marks.map((t, i) => (
        <rect
          key={i}
          x={(i % 3) * 7.5}
          y={Math.floor(i / 3) * 7.5}
          width={7}
          height={7}
          fill={sequential(dark ? 0.12 + 0.88 * t : t).css}
        />
      ))}
    </svg>
  );
}

/**
 * Copies the link immediately. Opens a dialog if the link would contain the visitor's own text or
 * the browser denies access to the clipboard.
 */
function CopyLink() {
  const { header } = useWords();
  const ownText = useExperiment((e) => ownTextLength(e.spec) > 0);
  const set = useView((v) => v.set);
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);

  async function copy() {
    if (ownText) return set({ dialog: 'link' });
    if (await copyText(await linkNow(true))) setCopied(true);
    else set({ dialog: 'link' });
  }
  return (
    <button type="button" className="button steady" onClick={() => void copy()}>
      <span aria-hidden={copied} style={copied ? { visibility: 'hidden' } : undefined}>
        {header.copyLink}
      </span>
      <span role="status" className="over">
        {copied ? header.copied : ''}
      </span>
    </button>
  );
}

function Export() {
  const { header } = useWords();
  const set = useView((v) => v.set);
  return (
    <button type="button" className="button line" onClick={() => set({ dialog: 'export' })}>
      {header.export}
    </button>
  );
}

function Present({ on }: { on: boolean }) {
  const { header } = useWords();
  return (
    <button type="button" className="button" title={on ? 'Esc' : 'P'} onClick={() => present(!on)}>
      {on ? header.leavePresent : header.present}
    </button>
  );
}

function LanguageAndHelp() {
  const { header } = useWords();
  const { set, setLanguage } = usePick(useView, 'set', 'setLanguage');
  const other = header.otherLocale === 'ja' ? 'ja' : 'en';
  return (
    <>
      <button
        type="button"
        className="button"
        lang={header.otherLocale}
        onClick={() => void loadWords(other).then(() => setLanguage(other))}
      >
        {header.otherLanguage}
      </button>
      <button type="button" id="help" className="button" onClick={() => set({ dialog: 'help' })}>
        {header.help}
      </button>
    </>
  );
}

export function Header({ phone }: { phone: boolean }) {
  const words = useWords();
  const presenting = usePresent();
  return (
    <header className="header">
      <Logo />
      <h1 className="name">Rank Atlas</h1>
      <p className="question ellipsis">{words.question}</p>
      <div className="actions">
        {!presenting && <CopyLink />}
        {phone ? (
          <Popover label={words.header.menu}>
            <div className="menu">
              <Export />
              <LanguageAndHelp />
            </div>
          </Popover>
        ) : (
          <>
            {!presenting && <Export />}
            <Present on={presenting} />
            {!presenting && <LanguageAndHelp />}
          </>
        )}
      </div>
    </header>
  );
}
