/**
 * The model picker, shown instead of the map: bundled models, models from a hub or an address, and
 * local files. Each is inspected, and its memory need shown, before it is loaded.
 */
import { useEffect, useRef, useState } from 'react';
import { defined } from '../../checked.ts';
import { filesFromPicker } from '../../model/picked-files.ts';
import { gapsBefore, gridColumns, mapLayout } from '../../state/layout.ts';
import { useModel } from '../../state/model-store.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { inspectModel } from '../../state/engine.ts';
import { openModel } from '../../state/models.ts';
import { usePick } from '../../state/pick.ts';
import { useView } from '../../state/view-store.ts';
import { describeFormat } from '../../words/format.ts';
import { useWords } from '../use-words.ts';
import { Fetching, HubField, CachedModels, Offer } from './RemotePicker.tsx';
import { MemoryBar } from './MemoryBar.tsx';
import { offerFiles } from './offer-files.ts';

export function ModelPicker() {
  const words = useWords();
  const w = words.picker;
  const { models, facts, source, candidate, set } = usePick(
    useModel,
    'models',
    'facts',
    'source',
    'candidate',
    'set',
  );
  const setView = useView((v) => v.set);
  const heading = useRef<HTMLHeadingElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  useEffect(() => heading.current?.focus(), []);

  function close() {
    set({ candidate: null });
    setView({ picker: false });
    document.getElementById('change-model')?.focus();
  }
  return (
    <section
      className={`card picker${over ? ' over' : ''}`}
      aria-labelledby="picker-title"
      onDragEnter={() => setOver(true)}
      onDragLeave={(e) => {
        if (!e.currentTarget.contains(e.relatedTarget as Node)) setOver(false);
      }}
      onDrop={() => setOver(false)}
    >
      <div className="head">
        <h2 id="picker-title" ref={heading} tabIndex={-1}>
          {w.title}
        </h2>
        <button type="button" className="button small close" onClick={close}>
          {words.close} <small>Esc</small>
        </button>
      </div>
      <HubField />
      <div className="drop">
        <p>{w.drop}</p>
        <p className="small ink2">{w.dropNote}</p>
        <div className="drop-buttons">
          <label className="button line file">
            {w.pickFolder}
            <input
              ref={folder}
              type="file"
              className="hidden-visually"
              {...{ webkitdirectory: '' }}
              onChange={(e) => {
                if (e.target.files?.length) void offerFiles(filesFromPicker(e.target.files));
                e.target.value = '';
              }}
            />
          </label>
          <label className="button line file">
            {w.pickFiles}
            <input
              type="file"
              multiple
              className="hidden-visually"
              onChange={(e) => {
                if (e.target.files?.length) void offerFiles(filesFromPicker(e.target.files));
                e.target.value = '';
              }}
            />
          </label>
        </div>
      </div>
      <table className="models">
        <thead>
          <tr>
            <th scope="col">{w.bundled}</th>
            <th scope="col">{w.file}</th>
            <th scope="col">
              <span className="hidden-visually">{w.inspect}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {models.map((m) => {
            const loaded = source?.kind === 'bundled' && source.id === m.id && facts !== null;
            return (
              <tr key={m.id}>
                <td className="bold">{m.title}</td>
                <td>{words.size(m.files.reduce((sum, f) => sum + f.bytes, 0))}</td>
                <td>
                  {loaded ? (
                    <span className="ink2">{w.loaded}</span>
                  ) : (
                    <button
                      type="button"
                      className="button line small"
                      onClick={() => void inspectModel({ kind: 'bundled', id: m.id }, m.title)}
                    >
                      {w.inspect}
                    </button>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <CachedModels />
      {candidate && <Candidate done={close} />}
    </section>
  );
}

function Candidate({ done }: { done(): void }) {
  const words = useWords();
  const w = words.picker;
  const candidate = defined(useModel((m) => m.candidate));
  const { sequences, length } = useExperiment((e) => e.spec);
  const { source, name, inspection, failure, offer } = candidate;
  if (failure)
    return (
      <div className="rule-top" role="alert">
        <h3>{name}</h3>
        <p className="err">{words.error(failure.code, failure.values)}</p>
      </div>
    );
  if (offer) return <Offer offer={offer} name={name} />;
  if (!inspection)
    return source.kind === 'remote' ? (
      <Fetching key={source.id} name={name} />
    ) : (
      <div className="rule-top" role="status">
        <h3>{name}</h3>
        <p className="ink2">{w.inspecting}</p>
      </div>
    );
  const { facts, need, refusal } = inspection;
  const layout = mapLayout(facts.modules, facts.layers);
  const place = (column: number) => 1 + column + gapsBefore(layout, column);
  const format = facts.modules[0]?.format;

  async function load() {
    done();
    await openModel(source);
  }
  return (
    <div className="candidate rule-top">
      <div>
        <div
          className="mini"
          aria-hidden="true"
          style={{ gridTemplateColumns: gridColumns(layout, '4px') }}
        >
          {layout.cells.map(
            (m, i) =>
              m >= 0 && (
                <i
                  key={i}
                  style={{
                    gridColumn: place(i % layout.columns.length),
                    gridRow: 1 + Math.floor(i / layout.columns.length),
                    height: facts.layers > 16 ? 8 : 14,
                    background: 'var(--void)',
                    boxShadow: 'inset 0 0 0 1px var(--rule)',
                  }}
                />
              ),
          )}
        </div>
        <p className="small ink2">{w.layers(facts.layers, layout.columns.length)}</p>
      </div>
      <div>
        <h3>{facts.title}</h3>
        <p className="ink2">
          {w.facts(facts.modules.length, facts.hidden, facts.vocab)}{' '}
          {w.dialect[facts.dialect] ?? facts.dialect}.
        </p>
        <div className="row centre load">
          <span>
            <b>
              {format && describeFormat(words, format)}, {w.batch(sequences, length)}
            </b>
            {format && 'block' in format && format.block !== null && (
              <span className="ink2"> {w.blocks(format.block)}</span>
            )}
          </span>
          <button
            type="button"
            className="button act"
            disabled={refusal !== null}
            onClick={() => void load()}
          >
            {w.load(facts.bytes)}
          </button>
        </div>
        <p className={refusal ? 'err' : undefined} role={refusal ? 'alert' : undefined}>
          {refusal ? words.error(refusal.code, refusal.values) : w.needs(need.total, need.limit)}
        </p>
        <MemoryBar need={need} />
      </div>
    </div>
  );
}
