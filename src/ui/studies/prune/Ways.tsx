/** Table of the pruned model, the dense model and the baselines, each with its zeros. */
import { defined } from '../../../checked.ts';
import type { PruneState } from '../../../studies/prune/state.ts';
import { targetOf } from '../../../studies/prune/target.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { pruneWords } from '../../../studies/prune/words.ts';
import { useWords } from '../../use-words.ts';

interface Way {
  name: string;
  zeros: number | null;
  loss: number;
  bytes: number | null;
}

export function Ways({ state }: { state: PruneState }) {
  const w = inLanguage(pruneWords, useWords());
  const { ways } = w;
  const { dense, wanda, masked, lora, stored, spec, rounds } = state;
  if (!dense) return null;
  const last = rounds.findLast((r) => r.repaired !== null);
  const zeros = last ? mean(last.zeros) : targetOf(spec.prune).sparsity;
  const of = (form: string) => stored.find((s) => s.form === form);
  const [float, sparse, int4] = ['float32', 'sparse', 'int4'].map(of);
  const rows: Way[] = [
    { name: ways.dense, zeros: null, loss: dense.loss, bytes: dense.bytes },
    ...(last
      ? [{ name: ways.losa, zeros, loss: defined(last.repaired), bytes: float?.bytes ?? null }]
      : []),
    ...(sparse ? [{ name: ways.sparse, zeros, loss: sparse.loss, bytes: sparse.bytes }] : []),
    ...(int4 ? [{ name: ways.int4, zeros, loss: int4.loss, bytes: int4.bytes }] : []),
    ...(wanda ? [{ name: ways.wanda, zeros: wanda.zeros, loss: wanda.loss, bytes: null }] : []),
    ...(masked
      ? [
          {
            name: ways.maskedLora(masked.rank),
            zeros: masked.zeros,
            loss: masked.loss,
            bytes: null,
          },
        ]
      : []),
    ...(lora
      ? [
          { name: ways.merged(lora.rank), zeros: lora.zeros, loss: lora.merged, bytes: null },
          { name: ways.masked, zeros: wanda?.zeros ?? null, loss: lora.masked, bytes: null },
        ]
      : []),
  ];
  const { columns } = ways;
  return (
    <>
      <h3 className="role-title">{ways.title}</h3>
      <table className="ranking ways">
        <thead>
          <tr>
            <th scope="col">{columns.way}</th>
            <th scope="col">{columns.zeros}</th>
            <th scope="col">{columns.loss}</th>
            <th scope="col">{columns.perplexity}</th>
            <th scope="col">{columns.size}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((r) => (
            <tr key={r.name}>
              <th scope="row">{r.name}</th>
              <td>{r.zeros === null ? '' : w.percent(Math.round(1000 * r.zeros) / 1000)}</td>
              <td>{w.nats(r.loss)}</td>
              <td>{w.perplexity(Math.exp(r.loss))}</td>
              <td>{r.bytes === null ? '' : w.megabytes(r.bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="small ink2 slider-notes">
        {[...(lora ? [ways.mergedNote] : []), w.sizeNote(dense.bytes, stored)].join(' ')}
      </p>
    </>
  );
}

const mean = (values: readonly number[]): number =>
  values.reduce((a, b) => a + b, 0) / values.length;
