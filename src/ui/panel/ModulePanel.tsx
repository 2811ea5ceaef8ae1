/**
 * Panel of one module: pictures of its weight, the noise and an adapter, then the probe step by
 * step with the numbers of this module.
 */
import { useStudy } from '../../state/study-store.ts';
import { useEffect, useRef, useState } from 'react';
import { AtlasError } from '../../errors.ts';
import type { Requests } from '../../worker/protocol.ts';
import { useModules, useRankTable } from '../../state/derived.ts';
import type { Failure } from '../../state/model-store.ts';
import { useModel } from '../../state/model-store.ts';
import { engine, explainModule, pictureOf } from '../../state/engine.ts';
import { useView } from '../../state/view-store.ts';
import { describeFormat } from '../../words/format.ts';
import { useWords } from '../use-words.ts';
import { Pictures } from './Pictures.tsx';
import { RepeatDots } from './RepeatDots.tsx';
import { SixSteps } from './SixSteps.tsx';

type Detail = Requests['explain']['answer'];
type Picture = Requests['picture']['answer'];

/**
 * Picture and explanation of a repeat. Requested again when this module has a new repeat and the
 * run is not active (`still`).
 */
function useProbe(module: number, repeat: number, still: boolean) {
  const [detail, setDetail] = useState<Detail | null>(null);
  const [picture, setPicture] = useState<Picture | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  useEffect(() => {
    if (!engine.open || !still) return;
    let current = true;
    const failed = (error: unknown) => {
      if (current && error instanceof AtlasError && error.code !== 'cancelled')
        setFailure({ code: error.code, values: error.values });
    };
    // Sequential: the runtime handles one call at a time, and the picture is faster.
    pictureOf(module, repeat, 8)
      .then((p) => {
        if (current) setPicture(p);
        return current ? explainModule(module, repeat) : null;
      })
      .then((d) => {
        if (current && d) setDetail(d);
      })
      .catch(failed);
    return () => {
      current = false;
    };
  }, [module, repeat, still]);
  return { detail, picture, failure };
}

export function ModulePanel({ module }: { module: number }) {
  const words = useWords();
  const { modules } = useModules();
  const row = useRankTable().rows[module];
  const info = useModel((m) => m.facts?.modules[module]);
  const phase = useStudy((s) => s.phase.map);
  const open = useModel((m) => m.engine === 'open');
  const set = useView((v) => v.set);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!useView.getState().stepped) heading.current?.focus();
  }, []);

  const repeat = Math.max(0, (row?.draws.length ?? 0) - 1);
  const { detail, picture, failure } = useProbe(module, repeat, open && phase !== 'running');
  const about = modules[module];
  if (!row || !about) return null;

  function close() {
    set({ opened: null });
    document.querySelector<HTMLElement>(`[data-module="${module}"]`)?.focus();
  }
  return (
    <div className="module-panel">
      <div className="head">
        <h2 id="panel-title" ref={heading} tabIndex={-1}>
          {words.strip.title(about.layer, about.role)}
        </h2>
        <span className="small ink2">
          {about.outFeatures} × {about.inFeatures}
          {info && `, ${describeFormat(words, info.format)}`}
        </span>
        <button type="button" className="button small close" onClick={close}>
          {words.close} <small>Esc</small>
        </button>
      </div>
      <Pictures picture={picture} />
      {failure && <p className="err small">{words.error(failure.code, failure.values)}</p>}
      <SixSteps row={row} detail={detail} repeat={repeat} />
      <RepeatDots row={row} current={phase === 'paused' || phase === 'running' ? repeat : null} />
    </div>
  );
}
