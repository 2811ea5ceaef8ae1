/** The probe in six lines, each with this module's numbers and its source. */
import { useShown } from '../../state/study-store.ts';
import type { ReactNode } from 'react';
import { perturbationOf } from '../../studies/map/draws.ts';
import type { RankRow } from '../../studies/map/rank-table.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import type { Requests } from '../../worker/protocol.ts';
import { Popover } from '../parts/Popover.tsx';
import { numbersOf, type Numbers } from '../../language/numbers.ts';
import type { Words } from '../../words/en.ts';
import { useWords } from '../use-words.ts';

type StepName = keyof Words['modulePanel']['steps'];

function Step({
  number,
  name,
  title,
  why: given,
  children,
}: {
  number: number;
  name: StepName;
  title?: string;
  why?: { text: string; source: string };
  children: ReactNode;
}) {
  const { modulePanel } = useWords();
  const why = given ?? modulePanel.whys[name];
  return (
    <li>
      <span className="ink3">{number}</span>
      <span className="step-name">{title ?? modulePanel.steps[name]}</span>
      <div className="step-body">{children}</div>
      <Popover
        className="link small"
        name={`${modulePanel.why}: ${title ?? modulePanel.steps[name]}`}
        label={modulePanel.why}
      >
        <p>{why.text}</p>
        <p className="small ink2">{why.source}</p>
      </Popover>
    </li>
  );
}

const values = (n: Numbers, list: Float32Array) =>
  `${Array.from(list.slice(0, 4), (v) => n.fixed(v, 3)).join('  ')} …`;

export function SixSteps({
  row,
  detail,
  repeat,
}: {
  row: RankRow;
  detail: Requests['explain']['answer'] | null;
  repeat: number;
}) {
  const words = useWords();
  const p = words.modulePanel;
  const n = numbersOf(words.locale);
  const { meanRank, rounding, unit } = useExperiment((e) => e.spec.allocation);
  const shown = useShown();
  const draw = row.draws[repeat] ?? detail?.value;
  const method = shown?.spec.method;
  const m = words.methods;
  const clean = method !== undefined && perturbationOf(method).variant === 'clean';
  // In other methods the importance is not the result of one perturbation, so one probe is shown as
  // well.
  const reckoned = method ? m.of[method.name].reckoned : null;
  const wait = <span className="ink3">–</span>;
  // The shown multiple must give the shown rank. With other rules or at full rank no formula does.
  const digits =
    rounding === 'floor' && unit === 'ranks'
      ? [2, 3, 4].find(
          (d) => Math.floor(meanRank * Number(row.multiple?.toFixed(d)) + 1e-9) === row.rank,
        )
      : undefined;
  const parts =
    detail?.tokens.slice(0, 3).map((t, i) => ({
      ...t,
      label: detail.labels[i] ?? `#${t.id}`,
      difference: Math.abs(t.a - (clean ? t.clean : t.b)),
    })) ?? [];
  const shownSum = parts.reduce((sum, t) => sum + t.difference, 0);
  const more = detail
    ? detail.rest +
      detail.tokens.slice(3).reduce((sum, t) => sum + Math.abs(t.a - (clean ? t.clean : t.b)), 0)
    : 0;
  const moreCount = detail ? detail.restCount + Math.max(0, detail.tokens.length - 3) : 0;
  return (
    <>
      {reckoned === null ? (
        <p className="finding minor perturbed">
          {draw === undefined ? p.waiting : p.perturbed(n.significant(draw))}
        </p>
      ) : (
        <>
          <p className="finding minor perturbed">
            {row.importance === null ? p.waiting : reckoned.moves(n.significant(row.importance))}
          </p>
          <p className="small ink2">{detail ? m.probe(n.significant(detail.value)) : p.waiting}</p>
        </>
      )}
      <ol className="steps">
        <Step number={1} name="weights">
          {detail ? values(n, detail.weights) : wait}
        </Step>
        <Step number={2} name="noiseA">
          {detail ? values(n, detail.noiseA) : wait}
        </Step>
        <Step number={3} name="noiseB">
          {detail && !clean ? values(n, detail.noiseB) : wait}
        </Step>
        <Step number={4} name="logits">
          <table>
            <thead>
              <tr>
                <th scope="col">
                  <span className="hidden-visually">{p.steps.logits}</span>
                </th>
                <th scope="col">{p.clean}</th>
                <th scope="col">A</th>
                <th scope="col">B</th>
                <th scope="col">{clean ? '|A − clean|' : '|A − B|'}</th>
              </tr>
            </thead>
            <tbody>
              {detail
                ? parts.map((t) => (
                    <tr key={t.id}>
                      <td className="token">“{t.label}”</td>
                      <td>{n.fixed(t.clean, 2)}</td>
                      <td>{n.fixed(t.a, 2)}</td>
                      <td>{clean ? '–' : n.fixed(t.b, 2)}</td>
                      <td>{n.fixed(t.difference, 2)}</td>
                    </tr>
                  ))
                : [0, 1, 2].map((i) => (
                    <tr key={i}>
                      <td className="ink3">–</td>
                      <td />
                      <td />
                      <td />
                      <td />
                    </tr>
                  ))}
              <tr>
                <td colSpan={4} className="ink2">
                  {detail ? p.more(moreCount) : '–'}
                </td>
                <td>{detail ? n.fixed(more, 2) : ''}</td>
              </tr>
            </tbody>
          </table>
        </Step>
        <Step number={5} name="sum">
          {detail ? (
            <>
              {parts.map((t) => n.fixed(t.difference, 2)).join(' + ')} + {n.fixed(more, 2)} ={' '}
              <b>{n.significant(shownSum + more)}</b>
              <br />
              <span className="ink2">
                {p.whole(
                  n.significant(detail.value),
                  (shown?.sequences ?? 0) * (shown?.length ?? 0),
                )}
              </span>
            </>
          ) : (
            wait
          )}
        </Step>
        <Step number={6} name="all" {...(reckoned && { title: m.all, why: reckoned.why })}>
          {row.importance === null || row.multiple === null || row.rank === null
            ? wait
            : reckoned
              ? m.rule({
                  mean: n.significant(row.importance),
                  multiple: n.fixed(row.multiple, 2),
                  rank: row.rank,
                })
              : p.rule({
                  mean: n.significant(row.importance),
                  repeats: row.draws.length,
                  multiple: n.fixed(row.multiple, digits ?? 2),
                  meanRank: n.short(meanRank),
                  rank: row.rank,
                  formula: digits !== undefined,
                })}
        </Step>
      </ol>
    </>
  );
}
