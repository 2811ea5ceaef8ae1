/**
 * Makes the result of a study the base of the other experiments, or restores the original model.
 */
import { baseKey, type BaseKind } from '../../studies/base-kinds.ts';
import type { ExperimentSpec } from '../../studies/spec.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { useEdit } from '../parts/use-edit.ts';
import { inLanguage } from '../../language/in-language.ts';
import { derivedWords } from '../../words/derived-words.ts';
import { useWords } from '../use-words.ts';

/**
 * `ran`: the experiment that produced the base. Settings that changed since then are reset to it.
 */
export function UseAsBase({
  base,
  ran,
}: {
  base: Exclude<BaseKind, 'as-is'>;
  ran: ExperimentSpec;
}) {
  const w = inLanguage(derivedWords, useWords());
  const edit = useEdit();
  const now = useExperiment((e) => e.spec);
  const used = baseKey(now) === baseKey({ ...ran, base });
  const { seed, prune, training, compress } = ran;
  const use = () =>
    edit('base', (s) => ({
      ...s,
      base,
      seed,
      ...(base === 'pruned' ? { prune, training } : { compress }),
    }));
  return (
    <p className="small">
      {used && <span className="ink2">{w.used} </span>}
      {used ? (
        <button
          type="button"
          className="link"
          onClick={() => edit('base', (s) => ({ ...s, base: 'as-is' }))}
        >
          {w.back}
        </button>
      ) : (
        <button type="button" className="link" onClick={use}>
          {w.use}
        </button>
      )}
    </p>
  );
}
