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
  const [answer, setAnswer] = useState<{ bos?: Bos; refused?: Failure }>({});
  useEffect(() => {
    if (!facts) return;
    let current = true;
    const receive = (s: typeof answer) => {
      if (current) setAnswer(s);
    };
    // Other errors, such as a failed engine, are shown elsewhere.
    bosOf({ kind, bos }).then(
      (found) => receive({ bos: found }),
      (error: unknown) => receive(ofCode(error, ...REFUSALS) ? { refused: failureOf(error) } : {}),
    );
    return () => {
      current = false;
    };
  }, [facts, kind, bos]);
  if (answer.refused)
    return (
      <div className="small err" role="alert">
        {words.error(answer.refused.code, answer.refused.values)}
      </div>
    );
  return <div className="small ink2">{answer.bos ? words.bos.describe(answer.bos) : '\u00a0'}</div>;
}
