/** Shows which BOS token precedes each sequence, or why it is unknown. */
import { useEffect, useState } from 'react';
import type { Bos } from '../../model/bos.ts';
import { bosOf, failureOf, ofCode } from '../../state/engine.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { useModel, type Failure } from '../../state/model-store.ts';
import { useWords } from '../use-words.ts';

/** Errors of a model's files that are shown here. */
const REFUSALS = ['no-bos', 'bad-tokenizer', 'bad-config', 'part-missing'] as const;

export function BosLine() {
  const words = useWords();
  const facts = useModel((m) => m.facts);
  const {
    text: { kind },
    bos,
  } = useExperiment((e) => e.spec);
  const [said, setSaid] = useState<{ bos?: Bos; refused?: Failure }>({});
  useEffect(() => {
    if (!facts) return;
    let current = true;
    const answer = (s: typeof said) => {
      if (current) setSaid(s);
    };
    // Other errors, such as a failed engine, are shown elsewhere.
    bosOf({ kind, bos }).then(
      (found) => answer({ bos: found }),
      (error: unknown) => answer(ofCode(error, ...REFUSALS) ? { refused: failureOf(error) } : {}),
    );
    return () => {
      current = false;
    };
  }, [facts, kind, bos]);
  if (said.refused)
    return (
      <div className="small err" role="alert">
        {words.error(said.refused.code, said.refused.values)}
      </div>
    );
  return <div className="small ink2">{said.bos ? words.bos.said(said.bos) : '\u00a0'}</div>;
}
