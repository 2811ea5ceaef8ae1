/** The race's words in Japanese, typed by `words.en.ts`. */
import type { RaceEntry } from './entries.ts';
import { entryWords } from './entry-words.ts';
import type { TwoRules } from './map-spend.ts';
import type { SweepVerdict, Verdict } from './ranking.ts';
import { numbers } from '../../language/numbers.ts';
import { spaced } from '../../language/spaced.ts';
import type { raceEn } from './words.en.ts';

const n = numbers('ja');

const { names, about } = entryWords('ja');
const list = (entries: readonly RaceEntry[]) => entries.map((e) => names[e]).join('、');
type Better = Extract<Verdict, { kind: 'better' }>;
const pairs = ({ entries, differing }: Better): string => {
  if (entries.length < 2) return '';
  if (differing.length === 0) return 'これらの間に有意差はありません。';
  const each = entries.flatMap((e) =>
    differing.some(([a]) => a === e)
      ? [`${names[e]}は${list(differing.flatMap(([a, b]) => (a === e ? [b] : [])))}より有意に低く`]
      : [],
  );
  const all = differing.length === (entries.length * (entries.length - 1)) / 2;
  return `このうち${each.join('、')}、${all ? 'すべての組に有意差があります' : 'ほかの組に有意差はありません'}。`;
};
const nats = (v: number) => n.fixed(v, 3);
const unit = { parameters: 'パラメーター', ranks: 'ランク' };
const budgets = (meanRanks: readonly number[]) => `平均ランク${meanRanks.map(n.short).join('、')}`;

export const raceJa = {
  names,
  about,
  titleAt: (rank: number) => `平均ランク${n.short(rank)}での割り当ての効果`,
  sweepTitle: '予算ごとの割り当ての効果',
  covers: ({ budget, equal, meanRanks, train, held }: Parameters<typeof raceEn.covers>[0]) =>
    spaced(
      `${budget === null ? `${budgets(meanRanks)}、${unit[equal]}数を統一` : `各アダプターの予算：${n.whole(budget)}${unit[equal]}`}。学習：${train}、評価：${held}。`,
    ),
  twoRules: ({ entry, meanRank, rounding, map, race }: TwoRules) =>
    spaced(
      `予算の規則は2つあります。平均ランク${n.short(meanRank)}のとき、マップの規則${rounding === 'floor' ? '（切り捨て）' : ''}では${names[entry]}のランクの合計は${n.whole(map.ranks)}（${n.whole(map.parameters)}パラメーター）、予算を使い切る比較レースでは${n.whole(race.ranks)}（${n.whole(race.parameters)}パラメーター）です。`,
    ),
  mapSettings: (meanRank: number, text: string) =>
    `設定欄の平均ランク${n.short(meanRank)}はマップ用です。マップの手法は「${text}」で測定します。`,
  empty: 'まだ何も学習していません。',
  emptyNote: (entries: number, runs: number) =>
    `「実行」を押すと、同じ予算で${n.whole(entries)}通りの割り当てを学習します${runs > entries ? `（学習は計${n.whole(runs)}回）` : ''}。`,
  unit: '検証損失（nat/トークン）',
  stepAxis: '学習ステップ',
  rankAxis: '平均ランク',
  seedColumn: 'シード',
  meanLine: '平均',
  finding: (v: Verdict): string | null => {
    switch (v.kind) {
      case 'open':
        return null;
      case 'few':
        if (nats(v.margin) === nats(0))
          return spaced(
            `${names[v.lowest]}と${names[v.next]}の検証損失は、0.001 nat の精度で等しくなりました。`,
          );
        return spaced(
          `検証損失は${names[v.lowest]}が最小で、${names[v.next]}より ${nats(v.margin)} nat 低くなりました。`,
        );
      case 'winner':
        return spaced(
          `${names[v.entry]}の検証損失はほかのすべてより有意に低く、${names[v.next]}との差は ${nats(v.lead.mean)} nat です。`,
        );
      case 'better':
        return spaced(
          `${list(v.entries)}は均等より有意に低くなりました。ほかのすべてより有意に低いエントリーはありません。${pairs(v)}${v.likeRandom.length > 0 ? `ランダムとの有意差なし：${list(v.likeRandom)}。` : ''}`,
        );
      case 'none':
        return '均等より有意に低いエントリーはありません。';
    }
  },
  noneWithoutUniform: 'ほかのすべてより有意に低いエントリーはありません。',
  sure: (v: Verdict, seeds: number): string => {
    switch (v.kind) {
      case 'few':
        return '差を判断するには、シードを3つ以上実行してください。';
      case 'winner':
        return `差の 95 % 信頼区間：${nats(v.lead.low)}〜${nats(v.lead.high)}（シード${n.whole(seeds)}個）。`;
      default:
        return `シードごとの差の 95 % 信頼区間に基づく判定（シード${n.whole(seeds)}個）。`;
    }
  },
  oneRate:
    'この学習率での結果です。重要なモジュールのランクを上げると、学習率を上げるのと似た効果があるため、別の学習率では順位が変わることがあります。',
  running: '結論は完了後に表示されます。',
  interrupted: '比較レースは完了していません。',
  progress: {
    measuring: (entry: RaceEntry, done: number, of: number) =>
      spaced(`${names[entry]}を測定中（${n.whole(done)} / ${n.whole(of)}）`),
    training: (through: number, of: number, step: number, steps: number) =>
      `学習${n.whole(of)}回のうち${n.whole(through)}回完了（ステップ ${n.whole(step)} / ${n.whole(steps)}）`,
  },
  sweepFinding: (v: SweepVerdict): string | null => {
    switch (v.kind) {
      case 'open':
        return null;
      case 'few':
        return `信頼区間がないため、割り当てに差が出る予算は判断できません。損失の差が最も大きいのは平均ランク${n.short(v.widest.meanRank)}で、${nats(v.widest.range)} nat です。`;
      case 'found': {
        const apart = v.budgets.filter((b) => b.apart.length > 0);
        const alike = v.budgets.filter((b) => b.apart.length === 0).map((b) => b.meanRank);
        if (apart.length === 0)
          return spaced(
            `${budgets(alike)}のいずれでも、${names[v.reference]}との有意差はありません。`,
          );
        return spaced(
          `${names[v.reference]}と有意差がある予算：${apart.map((b) => `平均ランク${n.short(b.meanRank)}（${b.apart.map((x) => `${names[x.entry]} ${n.signed(x.difference.mean, 3)}`).join('、')}）`).join('、')}。${alike.length === 0 ? 'すべての予算に有意差があります。' : `${budgets(alike)}では有意差はありません。`}`,
        );
      }
    }
  },
  sweepSure: (v: SweepVerdict, seeds: number): string | null =>
    v.kind === 'open'
      ? null
      : v.kind === 'few'
        ? `シード${n.whole(seeds)}個では 95 % 信頼区間を計算できません。シードを3つ実行してください。`
        : spaced(
            `縦線は、シードごとの${names[v.reference]}との差の 95 % 信頼区間（t 分布、シード${n.whole(seeds)}個）です。${n.whole(v.intervals)}件の比較に対する補正はしていません。`,
          ),
  run3: 'シード3つで実行',
  minusUnit: (entry: RaceEntry) => `検証損失の${names[entry]}との差（nat/トークン）`,
  sweepColumns: { loss: '損失', low: '95 % 下限', high: '95 % 上限' },
  columns: {
    entry: '割り当て',
    ranks: 'ランク',
    parameters: 'パラメーター',
    loss: '損失',
    difference: '均等との差',
    time: '時間',
  },
  timeNote: '時間はシード1つの学習時間',
  measured: (each: readonly string[]) => `測定時間：${each.join('、')}`,
  measuredIn: (entry: RaceEntry, seconds: string) => `${names[entry]} ${seconds}`,
  fromMap: (entries: readonly RaceEntry[]) => `マップの測定結果を使用：${list(entries)}`,
  bytes: (v: number) => `${n.fixed(v / 1e3, 0)} kB`,
  apart: (share: number) =>
    `パラメーター数に ${n.fixed(100 * share, 1)} % の差があるため、予算が等しくありません。`,
  match: 'パラメーター数をそろえる',
  stopped: (entry: RaceEntry, seed: number, step: number, rate: number) =>
    `${names[entry]}、シード${n.whole(seed)}：ステップ${n.whole(step)}で損失が有限値でなくなりました。アダプターは直前のステップの状態です。学習率（${rate}）か勾配ノルムの上限を下げてください。`,
  base: (loss: number) => `アダプターなし：${n.fixed(loss, 3)}`,
  settings: {
    entries: 'エントリー',
    seeds: 'シード数',
    equal: 'そろえる量',
    parameters: 'パラメーター',
    ranks: 'ランク',
    meanRanks: '平均ランク',
    meanRanksHint: '1つ、または複数（例：1, 2, 4, 8）',
    sequences: '測定に使う系列数',
  },
  allBudgets: 'すべての予算',
  weigh: (low: number, high: number) =>
    `アダプターのサイズ：${n.whole(low / 1e3)}${Math.round(high / 1e3) > Math.round(low / 1e3) ? `〜${n.whole(high / 1e3)}` : ''} kB`,
  tableName: '結果の表',
} satisfies typeof raceEn;
