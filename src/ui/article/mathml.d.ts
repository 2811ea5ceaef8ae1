/** The MathML elements of the article, which React renders but does not type. */
import type { HTMLAttributes } from 'react';

type MathML = HTMLAttributes<MathMLElement>;

declare module 'react' {
  // React declares its elements in this namespace.
  namespace JSX {
    interface IntrinsicElements {
      math: MathML & { display?: 'block' | 'inline' };
      mrow: MathML;
      mi: MathML;
      mo: MathML & { stretchy?: 'true' | 'false' };
      mn: MathML;
      mtext: MathML;
      msub: MathML;
      msup: MathML;
      msubsup: MathML;
      munder: MathML;
      munderover: MathML;
      mfrac: MathML;
      msqrt: MathML;
      mspace: MathML & { width?: string };
    }
  }
}
