/** The share part of the export dialog: title, description, QR code and embed code of the link. */
import { useEffect, useState } from 'react';
import { defined } from '../../checked.ts';
import { linkNow } from '../../state/link-store.ts';
import { useModules, useRankTable } from '../../state/derived.ts';
import { useShown } from '../../state/study-store.ts';
import { inLanguage } from '../../language/in-language.ts';
import { describeMeasured, describeText } from '../../words/describe.ts';
import { shareWords } from '../../words/share-words.ts';
import { embedCode } from '../export/embed-code.ts';
import { copyText } from '../export/download.ts';
import { qrCode } from '../export/qr-code.ts';
import { findingWords, useFinding } from '../map/Finding.tsx';
import { useWords } from '../use-words.ts';

export function Share() {
  const words = useWords();
  const w = inLanguage(shareWords, words);
  const { layers } = useModules();
  const finding = useFinding();
  const shown = useShown();
  const [link, setLink] = useState('');
  useEffect(() => {
    // Without own texts: what leaves the page by picture or code cannot be seen to contain them.
    void linkNow(false).then(setLink, () => undefined);
  }, []);
  const { rows } = useRankTable();
  const found =
    finding && findingWords(words, finding.finding, { rows, layers, meanRank: finding.meanRank });
  const title = found?.title ?? words.question;
  const text = shown
    ? `${title}\n${w
        .description({
          what: describeMeasured(words, shown),
          model: shown.model.title,
          text: describeText(words, shown.spec.text),
          seed: words.named(defined(words.changes['seed']), String(shown.spec.seed)),
          sure: found?.sure ?? '',
        })
        .trim()}`
    : title;
  return (
    <>
      <h3 className="rule-top">{w.share}</h3>
      <Copyable what={w.text} text={text} />
      {link !== '' && (
        <>
          <Copyable what={w.embed} text={embedCode(link, ['map'], `Rank Atlas: ${title}`)} />
          <QrCode link={link} />
        </>
      )}
    </>
  );
}

function Copyable({ what, text }: { what: string; text: string }) {
  const words = useWords();
  const w = inLanguage(shareWords, words);
  const [copied, setCopied] = useState(false);
  return (
    <>
      <p className="small ink2">{what}</p>
      <div className="command">
        <code tabIndex={0}>{text}</code>
        <button
          type="button"
          className="button line small"
          aria-label={w.copy(what)}
          onClick={() => void copyText(text).then(setCopied)}
        >
          {copied ? words.header.copied : words.export.copyCommand}
        </button>
      </div>
    </>
  );
}

function QrCode({ link }: { link: string }) {
  const w = inLanguage(shareWords, useWords());
  const code = qrCode(link);
  if (!code) return <p className="small ink2">{w.qrLong}</p>;
  return (
    <figure className="qr">
      <figcaption className="small ink2">{w.qr}</figcaption>
      {/* Dark on light in both colour schemes: not every reader accepts inverted codes. */}
      <svg
        role="img"
        aria-label={w.qr}
        viewBox={`0 0 ${code.size} ${code.size}`}
        shapeRendering="crispEdges"
      >
        <rect width="100%" height="100%" fill="#fff" />
        <path d={code.path} fill="#000" />
      </svg>
    </figure>
  );
}
