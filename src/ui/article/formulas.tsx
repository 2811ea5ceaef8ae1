/** The article's formulas and the symbols in them, as in docs/methods.md. */
import type { ReactNode } from 'react';

const sub = (of: ReactNode, index: ReactNode) => (
  <msub>
    {of}
    <mrow>{index}</mrow>
  </msub>
);
/** Symbols that a formula's list explains. */
export const glyphs = {
  W: <mi>W</mi>,
  x: <mi>x</mi>,
  y: <mi>y</mi>,
  A: <mi>A</mi>,
  B: <mi>B</mi>,
  scale: <mi>s</mi>,
  rank: sub(<mi>r</mi>, <mi>i</mi>),
  // The bar is drawn by CSS: not every font has one as an accent.
  meanRank: <mi className="barred">r</mi>,
  modules: <mi>n</mi>,
  disagreement: sub(<mi>d</mi>, <mi>i</mi>),
  positions: <mi>P</mi>,
  vocabulary: <mi>V</mi>,
  length: <mi>T</mi>,
  logits: <mi>ℓ</mi>,
  noise: <mi>N</mi>,
  sigma: <mi>σ</mi>,
  repeats: <mi>R</mi>,
  multiple: sub(<mi>m</mi>, <mi>i</mi>),
  signs: <mi>u</mi>,
  size: sub(<mi>c</mi>, <mi>i</mi>),
  loss: <mi>L</mi>,
  tokens: <mi>N</mi>,
  order: sub(<mi>q</mi>, <mi>a</mi>),
  rho: <mi>ρ</mi>,
  drawn: <mi>b</mi>,
  alpha: <mi>α</mi>,
  mask: <mi>M</mi>,
  norm: (
    <mrow>
      <mo>‖</mo>
      {sub(<mi>x</mi>, <mi>k</mi>)}
      <mo>‖</mo>
    </mrow>
  ),
  singular: sub(<mi>σ</mi>, <mi>j</mi>),
  slope: sub(<mi>g</mi>, <mi>j</mi>),
  retained: <mi>k</mi>,
  temperature: <mi>τ</mi>,
} satisfies Record<string, ReactNode>;

export type SymbolName = keyof typeof glyphs;

interface Formula {
  /** The symbols that the list below the formula explains, in order. */
  symbols: readonly SymbolName[];
  /** Content of the `math` element; `s` renders a symbol. */
  math(s: (name: SymbolName) => ReactNode): ReactNode;
}

const sum = (below: ReactNode) => (
  <munder>
    <mo>∑</mo>
    <mrow>{below}</mrow>
  </munder>
);
const absolute = (inner: ReactNode) => (
  <mrow>
    <mo>|</mo>
    {inner}
    <mo>|</mo>
  </mrow>
);
const bracketed = (inner: ReactNode) => (
  <mrow>
    <mo>(</mo>
    {inner}
    <mo>)</mo>
  </mrow>
);
/** The sum of a symbol's values over all modules. */
const total = (of: ReactNode) => (
  <mrow>
    {sum(<mi>j</mi>)}
    {of}
  </mrow>
);
const d = (index: string) => sub(<mi>d</mi>, <mi>{index}</mi>);

export const formulas = {
  lora: {
    symbols: ['W', 'A', 'scale', 'rank', 'meanRank', 'modules'],
    math: (s) => (
      <>
        {s('y')}
        <mo>=</mo>
        {s('W')}
        {s('x')}
        <mo>+</mo>
        {s('scale')}
        {s('B')}
        {bracketed(
          <>
            {s('A')}
            {s('x')}
          </>,
        )}
        <mo>,</mo>
        <mspace width="1em" />
        {s('A')}
        <mo>:</mo>
        {s('rank')}
        <mo>×</mo>
        <mtext>in</mtext>
        <mo>,</mo>
        <mspace width="0.5em" />
        {s('B')}
        <mo>:</mo>
        <mtext>out</mtext>
        <mo>×</mo>
        {s('rank')}
      </>
    ),
  },
  disagreement: {
    symbols: ['disagreement', 'positions', 'vocabulary', 'logits', 'noise', 'sigma'],
    math: (s) => {
      const noisy = (index: string) => (
        <>
          {sub(
            s('logits'),
            <>
              <mi>t</mi>
              <mi>v</mi>
            </>,
          )}
          {bracketed(
            <>
              {s('W')}
              <mo>+</mo>
              {sub(s('noise'), <mn>{index}</mn>)}
            </>,
          )}
        </>
      );
      return (
        <>
          {s('disagreement')}
          <mo>=</mo>
          <mfrac>
            <mn>1</mn>
            {absolute(s('positions'))}
          </mfrac>
          {sum(
            <>
              <mi>t</mi>
              <mo>∈</mo>
              {s('positions')}
            </>,
          )}
          <munderover>
            <mo>∑</mo>
            <mrow>
              <mi>v</mi>
              <mo>=</mo>
              <mn>1</mn>
            </mrow>
            {s('vocabulary')}
          </munderover>
          {absolute(
            <>
              {noisy('1')}
              <mo>−</mo>
              {noisy('2')}
            </>,
          )}
        </>
      );
    },
  },
  rule: {
    symbols: ['rank', 'meanRank', 'modules', 'disagreement'],
    math: (s) => (
      <>
        {s('rank')}
        <mo>=</mo>
        <mrow>
          <mo>⌊</mo>
          {s('meanRank')}
          {s('modules')}
          <mfrac>
            {s('disagreement')}
            {total(d('j'))}
          </mfrac>
          <mo>⌋</mo>
        </mrow>
      </>
    ),
  },
  multiple: {
    symbols: ['multiple', 'repeats'],
    math: (s) => (
      <>
        {s('multiple')}
        <mo>=</mo>
        <mfrac>
          {s('disagreement')}
          <mrow>
            <mfrac>
              <mn>1</mn>
              {s('modules')}
            </mfrac>
            {total(d('j'))}
          </mrow>
        </mfrac>
      </>
    ),
  },
  probe: {
    symbols: ['disagreement', 'sigma', 'vocabulary', 'length', 'signs', 'logits'],
    math: (s) => (
      <>
        {s('disagreement')}
        <mo>≈</mo>
        <mfrac>
          <mn>2</mn>
          <msqrt>
            <mi>π</mi>
          </msqrt>
        </mfrac>
        {s('sigma')}
        <msqrt>
          <mfrac>
            {s('vocabulary')}
            {s('length')}
          </mfrac>
        </msqrt>
        <munder>
          <mtext>mean</mtext>
          {s('signs')}
        </munder>
        {sub(
          <mrow>
            <mo>‖</mo>
            <mfrac>
              <mrow>
                <mo>∂</mo>
                {bracketed(
                  <>
                    <msup>
                      {s('signs')}
                      <mi>⊤</mi>
                    </msup>
                    {s('logits')}
                  </>,
                )}
              </mrow>
              <mrow>
                <mo>∂</mo>
                {s('W')}
              </mrow>
            </mfrac>
            <mo>‖</mo>
          </mrow>,
          <mi>F</mi>,
        )}
      </>
    ),
  },
  race: {
    symbols: ['rank', 'size', 'meanRank'],
    math: (s) => {
      const all = (of: ReactNode) => (
        <>
          {sum(<mi>i</mi>)}
          {of}
          {s('size')}
        </>
      );
      return (
        <>
          {all(s('rank'))}
          <mo>≈</mo>
          {s('meanRank')}
          {all(null)}
          <mo>,</mo>
          <mspace width="1em" />
          {s('size')}
          <mo>=</mo>
          {sub(<mtext>in</mtext>, <mi>i</mi>)}
          <mo>+</mo>
          {sub(<mtext>out</mtext>, <mi>i</mi>)}
        </>
      );
    },
  },
  agree: {
    symbols: ['rho', 'order'],
    math: (s) => {
      const b = sub(<mi>q</mi>, <mi>b</mi>);
      return (
        <>
          {s('rho')}
          <mo>=</mo>
          <mfrac>
            <mrow>
              <mtext>cov</mtext>
              {bracketed(
                <>
                  {s('order')}
                  <mo>,</mo>
                  {b}
                </>,
              )}
            </mrow>
            <mrow>
              <mtext>std</mtext>
              {bracketed(s('order'))}
              <mtext>std</mtext>
              {bracketed(b)}
            </mrow>
          </mfrac>
        </>
      );
    },
  },
  train: {
    symbols: ['drawn', 'alpha', 'A'],
    math: (s) => (
      <>
        {s('y')}
        <mo>=</mo>
        {s('W')}
        {s('x')}
        <mo>+</mo>
        <mfrac>
          {s('alpha')}
          {s('drawn')}
        </mfrac>
        {sub(
          s('B'),
          <>
            <mo>·</mo>
            <mo>≤</mo>
            {s('drawn')}
          </>,
        )}
        {sub(
          s('A'),
          <>
            <mo>≤</mo>
            {s('drawn')}
            <mo>·</mo>
          </>,
        )}
        {s('x')}
      </>
    ),
  },
  prune: {
    symbols: ['mask', 'norm', 'scale'],
    math: (s) => (
      <>
        <msup>
          <mi>W</mi>
          <mo>′</mo>
        </msup>
        <mo>=</mo>
        {s('mask')}
        <mo>⊙</mo>
        {bracketed(
          <>
            {s('W')}
            <mo>+</mo>
            {s('scale')}
            {s('B')}
            {s('A')}
          </>,
        )}
        <mo>,</mo>
        <mspace width="1em" />
        <mtext>score</mtext>
        <mo>=</mo>
        {absolute(
          sub(
            <mi>W</mi>,
            <>
              <mi>o</mi>
              <mi>k</mi>
            </>,
          ),
        )}
        {s('norm')}
      </>
    ),
  },
  compress: {
    symbols: ['singular', 'slope', 'retained'],
    math: (s) => (
      <>
        {s('W')}
        <mo>=</mo>
        {sum(<mi>j</mi>)}
        {s('singular')}
        {sub(<mi>u</mi>, <mi>j</mi>)}
        <msubsup>
          <mi>v</mi>
          <mi>j</mi>
          <mi>⊤</mi>
        </msubsup>
        <mo>,</mo>
        <mspace width="1em" />
        <mtext>score</mtext>
        <mo>=</mo>
        {sum(
          <>
            <mi>j</mi>
            <mo>&gt;</mo>
            {s('retained')}
          </>,
        )}
        {s('singular')}
        {s('slope')}
        <mo>,</mo>
        <mspace width="1em" />
        {s('slope')}
        <mo>=</mo>
        <mfrac>
          <mrow>
            <mo>∂</mo>
            {s('loss')}
          </mrow>
          <mrow>
            <mo>∂</mo>
            {s('singular')}
          </mrow>
        </mfrac>
      </>
    ),
  },
  samples: {
    symbols: ['loss', 'tokens', 'temperature', 'logits'],
    math: (s) => {
      const before = (
        <>
          {sub(<mi>x</mi>, <mi>t</mi>)}
          <mo>|</mo>
          {sub(
            <mi>x</mi>,
            <>
              <mo>&lt;</mo>
              <mi>t</mi>
            </>,
          )}
        </>
      );
      return (
        <>
          {s('loss')}
          <mo>=</mo>
          <mo>−</mo>
          <mfrac>
            <mn>1</mn>
            {s('tokens')}
          </mfrac>
          {sum(<mi>t</mi>)}
          <mtext>ln</mtext>
          <mspace width="0.2em" />
          <mi>p</mi>
          {bracketed(before)}
          <mo>,</mo>
          <mspace width="1em" />
          <mi>p</mi>
          <mo>=</mo>
          <mtext>softmax</mtext>
          {bracketed(
            <>
              {s('logits')}
              <mo>/</mo>
              {s('temperature')}
            </>,
          )}
        </>
      );
    },
  },
} as const satisfies Record<string, Formula>;

export type FormulaName = keyof typeof formulas;

export const formulaOf = (name: FormulaName): Formula => formulas[name];
