/** What the chosen rank is worth, from the curve: nothing is trained or run for it. */
import type { SliderState } from '../../../experiment/slider-state.ts';
import { rankAt, type RankLoss } from '../../../methods/qdylora.ts';
import { useModules } from '../../../state/derived.ts';
import { useWords } from '../../words/use-words.ts';

export function ChosenRank({ state, chosen, best, alone }: { state: SliderState; chosen: RankLoss; best: number; alone: number | null }) {
  const w = useWords().slider, parameters = useParameters(state, chosen.rank);
  return (
    <dl className="chosen-rank">
      <dt className="at">{w.rank(chosen.rank)}</dt>
      <div><dt>{w.loss}</dt><dd>{w.nats(chosen.loss)}</dd></div>
      <div><dt>{w.above}</dt><dd>{w.percent(chosen.loss / best - 1)}</dd></div>
      {parameters !== null && <div><dt>{w.parameters}</dt><dd>{w.size(parameters)}</dd></div>}
      {alone !== null && <div><dt>{w.alone}</dt><dd>{w.nats(alone)}</dd></div>}
    </dl>
  );
}

/** Σ rank · (in + out) at this rank; null until the modules' own ranks are known. */
function useParameters({ most, spec, result }: SliderState, rank: number): number | null {
  const { modules } = useModules(), ranks = result && new Map(result.modules.map((m) => [m.path, m.rank]));
  if (!ranks && spec.slider.ranks === 'map') return null;
  return modules.reduce((sum, m) => sum + rankAt(rank, ranks?.get(m.path) ?? most, most) * (m.inFeatures + m.outFeatures), 0);
}
