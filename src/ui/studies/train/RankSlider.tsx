/**
 * The slider below the curve, on the same axis: one rank per step by keyboard, any rank by pointer.
 */
import { inLanguage } from '../../../language/in-language.ts';
import { trainWords } from '../../../studies/train/words.ts';
import { useWords } from '../../use-words.ts';
import type { RankLoss } from '../../../methods/qdylora.ts';
import { RANK_AXIS, rankTicks } from './RankChart.tsx';

const STEPS: Record<string, (rank: number, maxRank: number) => number> = {
  ArrowRight: (r) => r + 1,
  ArrowUp: (r) => r + 1,
  ArrowLeft: (r) => r - 1,
  ArrowDown: (r) => r - 1,
  PageUp: (r) => 2 * r,
  PageDown: (r) => Math.ceil(r / 2),
  Home: () => 1,
  End: (_, maxRank) => maxRank,
};

export function RankSlider({
  maxRank,
  chosen,
  onChoose,
}: {
  maxRank: number;
  chosen: RankLoss;
  onChoose(rank: number): void;
}) {
  const w = inLanguage(trainWords, useWords());
  const span = Math.max(1, Math.log2(maxRank));
  const place = (rank: number) => `${(100 * Math.log2(rank)) / span}%`;
  return (
    <div
      className="slider rank-slider"
      style={{ marginLeft: RANK_AXIS.left, marginRight: RANK_AXIS.right }}
    >
      <input
        type="range"
        min={0}
        max={span}
        step="any"
        value={Math.log2(chosen.rank)}
        aria-label={w.sliderName}
        aria-valuetext={w.at(chosen.rank, chosen.loss)}
        onChange={(e) =>
          onChoose(Math.min(maxRank, Math.max(1, Math.round(2 ** Number(e.target.value)))))
        }
        onKeyDown={(e) => {
          const step = STEPS[e.key];
          if (!step) return;
          e.preventDefault();
          onChoose(Math.min(maxRank, Math.max(1, step(chosen.rank, maxRank))));
        }}
      />
      <div className="track" aria-hidden="true">
        {rankTicks(maxRank).map((rank) => (
          <u key={rank} className="long" style={{ left: place(rank) }} />
        ))}
        <b style={{ left: place(chosen.rank) }} />
      </div>
    </div>
  );
}
