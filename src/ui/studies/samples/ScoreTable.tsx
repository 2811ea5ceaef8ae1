/**
 * The probability of one token, and the loss of each text, under the base model and with the
 * adapter.
 */
import { firstDifference, lossesOf } from '../../../studies/samples/compare.ts';
import type { SamplesState, SampleToken, Writer } from '../../../studies/samples/state.ts';
import { inLanguage } from '../../../language/in-language.ts';
import { samplesWords } from '../../../studies/samples/words.ts';
import { useWords } from '../../use-words.ts';
import { shown } from './TokenText.tsx';

/** `at`: index of the token. */
export function ScoreTable({ state, at }: { state: SamplesState; at: number }) {
  const w = inLanguage(samplesWords, useWords());
  const readers: Writer[] = state.adapter ? ['base', 'adapted'] : ['base'];
  // Before the first difference both texts have the same tokens, so the token is shown once.
  const parted = firstDifference(state.texts);
  const together = parted === null || parted > at;
  const under = <T,>(by: Writer, reader: Writer, own: T, other: T | null) =>
    by === reader ? own : other;
  return (
    <div className="scores">
      <table>
        <thead>
          <tr>
            <th className="text" scope="col">
              {w.readBy}
            </th>
            {readers.map((r) => (
              <th key={r} scope="col">
                {w.by[r]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {readers.map((by) => {
            if (by === 'adapted' && together)
              return (
                <tr key={by} className="of-token">
                  <td className="text ink3">{w.sameToken}</td>
                  <td />
                  <td />
                </tr>
              );
            const token: SampleToken | undefined = state.texts[by][at];
            return (
              <tr key={by} className="of-token">
                <td className="text ellipsis">
                  {w.token(at + 1, token ? `“${shown(token.text)}”` : '')}
                </td>
                {readers.map((reader) => {
                  const value = token && under(by, reader, token.logProbability, token.other);
                  return (
                    <td key={reader}>{value == null ? '–' : w.probability(Math.exp(value))}</td>
                  );
                })}
              </tr>
            );
          })}
          {readers.map((by) => {
            const losses = lossesOf(state.texts[by]);
            return (
              <tr key={by}>
                <td className="text">{w.loss[by]}</td>
                {readers.map((reader) => {
                  const value = losses && under(by, reader, losses.own, losses.other);
                  return <td key={reader}>{value == null ? '–' : w.nats(value)}</td>;
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
      <p className="small ink3">{w.unit}</p>
    </div>
  );
}
