/**
 * One text split into tokens. The generated tokens can be pointed at or selected by keyboard. The
 * first difference is outlined.
 */
import { useId, type KeyboardEvent } from 'react';
import { firstDifference } from '../../../studies/samples/compare.ts';
import type { SamplesState, SampleToken, Writer } from '../../../studies/samples/state.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { samplesWords } from '../../../studies/samples/words.ts';
import { useWords } from '../../use-words.ts';

const STEPS: Record<string, (at: number, last: number) => number> = {
  ArrowRight: (i) => i + 1,
  ArrowDown: (i) => i + 1,
  ArrowLeft: (i) => i - 1,
  ArrowUp: (i) => i - 1,
  Home: () => 0,
  End: (_, last) => last,
};

interface Props {
  by: Writer;
  state: SamplesState;
  prompt: string;
  /** Index of the selected token, in both texts. */
  at: number | null;
  onLook(at: number | null): void;
}

export function TokenText({ by, state, prompt, at, onLook }: Props) {
  const w = inLanguage(samplesWords, useWords());
  const id = useId();
  const tokens = state.texts[by];
  const last = tokens.length - 1;
  const parts = firstDifference(state.texts);
  const active = at !== null && at <= last ? at : null;
  function onKey(e: KeyboardEvent) {
    const step = STEPS[e.key];
    if (!step || last < 0) return;
    e.preventDefault();
    onLook(Math.min(last, Math.max(0, active === null ? 0 : step(active, last))));
  }
  return (
    <div className="sample-text" lang="">
      <span className="ink3">{prompt}</span>
      <span
        role="listbox"
        tabIndex={0}
        aria-label={w.textOf[by]}
        aria-activedescendant={active === null ? undefined : `${id}-${active}`}
        onKeyDown={onKey}
        onFocus={() => {
          if (active === null && last >= 0) onLook(parts ?? 0);
        }}
        onMouseLeave={() => onLook(null)}
      >
        {tokens.map((token, i) => (
          <span
            key={i}
            id={`${id}-${i}`}
            role="option"
            aria-selected={i === active}
            aria-label={optionName(w, token, by)}
            data-token={i}
            className={`token${i === parts ? ' first-difference' : ''}${i === active ? ' looked-at' : ''}`}
            onMouseEnter={() => onLook(i)}
            onClick={() => onLook(i)}
          >
            {token.text}
          </span>
        ))}
      </span>
    </div>
  );
}

type SampleWords = (typeof samplesWords)['en'];

const optionName = (w: SampleWords, { text, logProbability, other }: SampleToken, by: Writer) =>
  w.option(
    text.trim() || shown(text),
    w.probability(Math.exp(logProbability)),
    other === null ? null : w.probability(Math.exp(other)),
    by,
  );

/**
 * A token as one line of text. Makes line breaks, tabs and empty tokens (incomplete characters)
 * visible.
 */
export const shown = (text: string): string =>
  text === '' ? '␣' : text.replaceAll('\n', '⏎').replaceAll('\t', '⇥');
