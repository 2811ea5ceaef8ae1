/** Loss and size at the chosen rank, read from the curve without new training or evaluation. */
import type { TrainState } from '../../../studies/train/state.ts';
import { parametersAt } from '../../../studies/train/verdict.ts';
import type { RankLoss } from '../../../methods/qdylora.ts';
import { useModules } from '../../../state/derived.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { trainWords } from '../../../studies/train/words.ts';
import { useWords } from '../../use-words.ts';

export function ChosenRank({
  state,
  chosen,
  best,
  alone,
}: {
  state: TrainState;
  chosen: RankLoss;
  best: number;
  alone: number | null;
}) {
  const w = inLanguage(trainWords, useWords());
  const { modules } = useModules();
  const parameters = parametersAt(state, modules, chosen.rank);
  return (
    <dl className="chosen-rank">
      <dt className="at">{w.rank(chosen.rank)}</dt>
      <div>
        <dt>{w.loss}</dt>
        <dd>{w.nats(chosen.loss)}</dd>
      </div>
      <div>
        <dt>{w.above}</dt>
        <dd>{w.percent(chosen.loss / best - 1)}</dd>
      </div>
      {parameters !== null && (
        <div>
          <dt>{w.parameters}</dt>
          <dd>{w.size(parameters)}</dd>
        </div>
      )}
      {alone !== null && (
        <div>
          <dt>{w.alone}</dt>
          <dd>{w.nats(alone)}</dd>
        </div>
      )}
    </dl>
  );
}
