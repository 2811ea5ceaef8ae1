/** The race's words in Japanese, typed by `words.en.ts`. */
import { entryWords, type RaceEntry } from './lanes.ts';
import type { Verdict } from './standings.ts';
import { numbers } from '../../language/numbers.ts';
import type { raceEn } from './words.en.ts';

const n = numbers('ja');

const { names, about } = entryWords('ja');
const list = (entries: readonly RaceEntry[]) => entries.map((e) => names[e]).join('、');
type Better = Extract<Verdict, { kind: 'better' }>;
const pairs = ({ entries, parted }: Better): string => {
  if (entries.length < 2) return '';
  if (parted.length === 0) return 'どの 2 つの差も区別できません。';
  const each = entries.flatMap((e) =>
    parted.some(([a]) => a === e)
      ? [`${names[e]}は${list(parted.flatMap(([a, b]) => (a === e ? [b] : [])))}より低く`]
      : [],
  );
  const all = parted.length === (entries.length * (entries.length - 1)) / 2;
  return `このうち${each.join('、')}${all ? '、すべての差が区別できます' : '、ほかの組の差は区別できません'}。`;
};
const nats = (v: number) => n.fixed(v, 3);

export const raceJa = {
  names,
  about,
  title: '何が得られるか',
  titleAt: (rank: number) => `平均ランク ${n.short(rank)} で得られるもの`,
  sweepTitle: 'いつ効くのか',
  empty: 'まだ何も学習していません。',
  emptyNote: (entries: number, runs: number) =>
    `再生すると、同じ予算で ${n.whole(entries)} 通りの配分を学習します${runs > entries ? `（全部で ${n.whole(runs)} 回）` : ''}。`,
  unit: '評価用テキストの損失（nat／トークン）',
  stepAxis: '学習ステップ',
  rankAxis: '平均ランク',
  seedColumn: 'シード',
  meanLine: '平均',
  finding: (v: Verdict): string | null => {
    switch (v.kind) {
      case 'open':
        return null;
      case 'few':
        return `最も低いのは${names[v.lowest]}で、${names[v.next]}より ${nats(v.margin)} nat 低く終わりました。`;
      case 'winner':
        return `${names[v.entry]}の勝ち：${names[v.next]}より ${nats(v.lead.mean)} nat 低い。`;
      case 'better':
        return `${list(v.entries)}は均等より低く終わりました。ただし全員より低いものはありません。${pairs(v)}${v.likeRandom.length > 0 ? `ランダムより確かに低いとは言えないもの：${list(v.likeRandom)}。` : ''}`;
      case 'none':
        return '均等より確かに低いものはありません。';
    }
  },
  noneWithoutUniform: 'ほかの全員より確かに低いものはありません。',
  sure: (v: Verdict, seeds: number): string => {
    switch (v.kind) {
      case 'few':
        return '差を信じる前に、シードを 3 つ走らせてください。';
      case 'winner':
        return `差の 95 % 区間：${nats(v.lead.low)} ～ ${nats(v.lead.high)}（シード ${n.whole(seeds)} 個）。`;
      default:
        return `シードごとの差の 95 % 区間（シード ${n.whole(seeds)} 個）。`;
    }
  },
  oneRate:
    'この学習率での結果です。重要なモジュールにランクを集めると学習率を上げるのと似た働きをし、別の学習率では勝者が変わることがあります。',
  running: '結論は最後に出ます。',
  interrupted: 'レースは最後まで走っていません。',
  progress: {
    measuring: (entry: RaceEntry, done: number, of: number) =>
      `${names[entry]}を測定中、${n.whole(done)}／${n.whole(of)}。`,
    training: (through: number, of: number, step: number, steps: number) =>
      `${n.whole(of)} 回のうち ${n.whole(through)} 回終了。ステップ ${n.whole(step)}／${n.whole(steps)}。`,
  },
  sweepFinding: (matters: readonly number[], not: readonly number[]) =>
    matters.length === 0
      ? 'どの予算でも勝者はいません。'
      : not.length === 0
        ? 'どの予算でも勝者がいます。'
        : `平均ランク ${matters.map(n.short).join('、')} では勝者がいて、${not.map(n.short).join('、')} ではいません。`,
  sweepFew: (widest: number, at: number, narrowest: number, other: number) =>
    `配分による差は、平均ランク ${n.short(at)} で ${nats(widest)} nat、${n.short(other)} で ${nats(narrowest)} nat です。`,
  columns: {
    entry: '配分',
    ranks: 'ランク',
    parameters: 'パラメーター',
    loss: '損失',
    difference: '均等との差',
    time: '時間',
  },
  timeNote: '時間はシード 1 つの学習時間。',
  measured: (each: readonly string[]) => `測定：${each.join('、')}。`,
  measuredIn: (entry: RaceEntry, seconds: string) => `${names[entry]} ${seconds}`,
  fromMap: (entries: readonly RaceEntry[]) => `マップから：${list(entries)}。`,
  bytes: (v: number) => `${n.fixed(v / 1e3, 0)} kB`,
  apart: (share: number) =>
    `パラメーター数が ${n.fixed(100 * share, 1)} % 違うため、同じ予算とは言えません。`,
  match: 'パラメーターをそろえる',
  stopped: (entry: RaceEntry, seed: number, step: number, rate: number) =>
    `${names[entry]}、シード ${n.whole(seed)}：ステップ ${n.whole(step)} で損失が数でなくなりました。直前のステップを残しています。学習率（${rate}）か勾配の上限を下げてください。`,
  base: (loss: number) => `アダプターなし：${n.fixed(loss, 3)}。`,
  settings: {
    entries: '出場するもの',
    seeds: 'シードの数',
    equal: 'そろえるもの',
    parameters: 'パラメーター',
    ranks: 'ランク',
    meanRanks: '平均ランク',
    meanRanksHint: '1 つ、または複数で掃引：1, 2, 4, 8。',
    sequences: '測定に使う系列',
  },
  allBudgets: 'すべての予算',
  weigh: (low: number, high: number) =>
    `アダプター 1 つは ${n.whole(low / 1e3)}${Math.round(high / 1e3) > Math.round(low / 1e3) ? ` ～ ${n.whole(high / 1e3)}` : ''} kB。`,
  tableName: '順位表',
} satisfies typeof raceEn;
