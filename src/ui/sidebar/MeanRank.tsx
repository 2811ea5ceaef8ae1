/**
 * The budget. Moving the slider re-allocates the measured importances within one frame, without new
 * measurements. Stops are spaced logarithmically; any other number can be typed.
 */
import { LIMITS } from '../../spec/limits.ts';
import { useRankTable } from '../../state/derived.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { NumberBox } from '../parts/NumberField.tsx';
import { Term } from '../parts/Term.tsx';
import { useWords } from '../use-words.ts';

export const STOPS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];
const labelled = [1, 2, 4, 8, 16, 32, 64];

/** The next stop above or below a value. */
export const nextStop = (value: number, way: 1 | -1): number =>
  (way > 0 ? STOPS.find((s) => s > value) : STOPS.findLast((s) => s < value)) ?? value;

/** Position on the slider, 0 … 1. */
const place = (value: number) => Math.min(1, Math.max(0, Math.log2(Math.max(1, value)) / 6));

export const setMeanRank = (meanRank: number) =>
  useExperiment
    .getState()
    .edit((s) => ({ ...s, allocation: { ...s.allocation, meanRank } }), 'meanRank');

export function MeanRank() {
  const words = useWords();
  const { allocation, spec } = {
    allocation: useRankTable().allocation,
    spec: useExperiment((e) => e.spec),
  };
  const { meanRank, unit, rounding } = spec.allocation;
  const nearest = STOPS.reduce((best, s) =>
    Math.abs(Math.log2(s / Math.max(0.5, meanRank))) <
    Math.abs(Math.log2(best / Math.max(0.5, meanRank)))
      ? s
      : best,
  );
  return (
    <div className="field mean-rank">
      <div className="label centre">
        <Term of="meanRank">{words.sidebar.meanRank}</Term>
        <NumberBox
          name={words.sidebar.meanRank}
          value={meanRank}
          min={LIMITS.meanRank[0]}
          max={LIMITS.meanRank[1]}
          step="any"
          onCommit={setMeanRank}
        />
      </div>
      <div className="slider">
        <input
          type="range"
          min={0}
          max={STOPS.length - 1}
          step={1}
          value={STOPS.indexOf(nearest)}
          aria-label={words.sidebar.meanRankName}
          aria-valuetext={String(meanRank)}
          onChange={(e) => setMeanRank(STOPS[Number(e.target.value)]!)}
        />
        <div className="track" aria-hidden="true">
          <i style={{ width: `${100 * place(meanRank)}%` }} />
          {STOPS.map((s) => (
            <u
              key={s}
              className={labelled.includes(s) ? 'long' : ''}
              style={{ left: `${100 * place(s)}%` }}
            />
          ))}
          <b style={{ left: `${100 * place(meanRank)}%` }} />
        </div>
        <div className="stops" aria-hidden="true">
          {labelled.map((s) => (
            <span
              key={s}
              className={s === meanRank ? 'on' : ''}
              style={{ left: `${100 * place(s)}%` }}
            >
              {s}
            </span>
          ))}
        </div>
      </div>
      <p className="small ink2">
        {allocation
          ? words.sidebar.spends({
              spent: allocation.spent,
              budget: allocation.budget,
              left: allocation.budget - allocation.spent,
              unit,
              rounding,
              full: allocation.full,
              of: allocation.ranks.length,
            })
          : words.sidebar.afterRepeat}
      </p>
    </div>
  );
}
