/** Memory need of a study with the current settings, recomputed when they change. */
import { useEffect, useState } from 'react';
import type { StudyKind } from '../../studies/spec.ts';
import { engine, needOf } from '../../state/engine.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { useModel } from '../../state/model-store.ts';
import { useLater } from '../parts/use-later.ts';
import { useWords } from '../use-words.ts';

export function StudyNeed({ study }: { study: StudyKind }) {
  const w = useWords().training;
  const spec = useLater(useExperiment((e) => e.spec));
  const facts = useModel((m) => m.facts);
  const provider = useModel((m) => m.provider);
  const [need, setNeed] = useState<{ needed: number; allowed: number } | null>(null);
  useEffect(() => {
    let current = true;
    // Without an engine the need is unknown. The study itself reports its errors.
    if (engine.open)
      void needOf(study, spec).then(
        ({ needed, allowed }) => {
          if (current) setNeed(needed === null ? null : { needed, allowed });
        },
        () => undefined,
      );
    return () => {
      current = false;
    };
  }, [study, spec, facts, provider]);
  return (
    <output className={`small need ${need && need.needed > need.allowed ? 'warn' : 'ink2'}`}>
      {need && w.need(need.needed, need.allowed)}
    </output>
  );
}
