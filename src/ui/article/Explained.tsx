/**
 * A formula with a list of its symbols. Pointing at a symbol marks it in both. A symbol whose
 * number is on the page has the number, which leads to the element that shows it.
 */
import { useState, type PointerEvent } from 'react';
import { articleWords, type SymbolName } from '../../words/article-words.ts';
import { inLanguage } from '../../language/in-language.ts';
import { useWords } from '../use-words.ts';
import { formulaOf, glyphs, type FormulaName } from './formulas.tsx';
import { showOnPage } from './show-on-page.ts';
import { useSymbolValues } from './symbol-values.ts';

const symbolAt = (target: EventTarget) =>
  ((target as Element).closest<HTMLElement>('[data-symbol]')?.dataset.symbol ??
    null) as SymbolName | null;

export function Explained({ formula }: { formula: FormulaName }) {
  const w = inLanguage(articleWords, useWords());
  const values = useSymbolValues();
  const [marked, mark] = useState<SymbolName | null>(null);
  const { symbols, math } = formulaOf(formula);
  const glyph = (name: SymbolName) => (
    <mrow data-symbol={name} className={name === marked ? 'marked' : ''}>
      {glyphs[name]}
    </mrow>
  );
  const follow = (e: PointerEvent) => mark(symbolAt(e.target));
  return (
    <div className="explained" onPointerOver={follow} onPointerLeave={() => mark(null)}>
      {/* A wide formula scrolls, also by keyboard. */}
      <div className="formula" role="group" aria-label={w.formula} tabIndex={0}>
        <math display="block">{math(glyph)}</math>
      </div>
      <table>
        <thead>
          <tr>
            <th scope="col">{w.where}</th>
            <th scope="col">
              <span className="hidden-visually">{w.meaning}</span>
            </th>
            <th scope="col">{w.now}</th>
          </tr>
        </thead>
        <tbody>
          {symbols.map((name) => {
            const on = values[name];
            return (
              <tr key={name} data-symbol={name} className={name === marked ? 'marked' : ''}>
                <td>
                  <math>{glyphs[name]}</math>
                </td>
                <th scope="row">{w.symbols[name]}</th>
                <td>
                  {on && (
                    <button
                      type="button"
                      className="link"
                      aria-label={`${on.value}. ${w.show(w.symbols[name])}`}
                      onFocus={() => mark(name)}
                      onBlur={() => mark(null)}
                      onClick={() => showOnPage(on.at)}
                    >
                      {on.value}
                    </button>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
