/**
 * Reset, Play or Pause, Step; the status; what computes and what it holds; and the line that shows
 * how far it is.
 */
import type { ReactNode } from 'react';
import { shareDone } from '../../studies/map/state.ts';
import { isWhole, useChanges } from '../../state/derived.ts';
import { LIMITS } from '../../spec/schema.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { useModel } from '../../state/model-store.ts';
import { useRun } from '../../state/run-store.ts';
import {
  canPlay,
  pauseInCharge,
  playInCharge,
  resetInCharge,
  stepInCharge,
  useInCharge,
} from '../../state/in-charge.ts';
import { useStudy } from '../../state/study-store.ts';
import { buttons, type Buttons } from '../../state/transport.ts';
import { usePick } from '../../state/pick.ts';
import { useView } from '../../state/view-store.ts';
import { useWords } from '../use-words.ts';
import { Chips } from './Chips.tsx';
import { StatusLine } from './StatusLine.tsx';

export function useButtons(): Buttons {
  const measurement = useMeasurementButtons();
  const study = useInCharge();
  const running = useStudy((s) => study !== null && s.phase[study] === 'running');
  const shown = useStudy((s) => study !== null && s.states[study] !== null);
  const spec = useExperiment((e) => e.spec);
  const more = useStudy((s) => study !== null && canPlay(study, s, spec));
  return study === null
    ? measurement
    : { playing: running, play: running || more, step: !running && more, reset: shown };
}

function useMeasurementButtons(): Buttons {
  const phase = useRun((r) => r.phase);
  const shown = useRun((r) => r.shown);
  const comparing = useRun((r) => r.comparing !== null);
  const spec = useExperiment((e) => e.spec);
  const changed = useChanges().length > 0;
  const fresh = changed || !shown || !isWhole(shown, spec);
  const states = buttons(phase, fresh || spec.method.repeats < LIMITS.repeats[1]);
  // Step has nothing to probe in a whole run; Play adds repeats.
  return {
    ...states,
    step: states.step && !comparing && (phase !== 'done' || fresh),
    play: states.play && !comparing,
  };
}

export function TransportButtons({ withReset }: { withReset: boolean }) {
  const { transport } = useWords();
  const can = useButtons();
  // While a step, or the layer a pause waits for, is under way, another one has to wait: a press
  // does nothing, and the focus stays.
  const probing = useRun(
    (r) => r.phase === 'paused' && (r.stepping !== null || r.shown?.probing != null),
  );
  const stepping = useStudy((s) => s.stepping);
  const study = useInCharge();
  const settling = study === null ? probing : stepping;
  return (
    <div className="joined" role="group" aria-label={transport.label}>
      {withReset && (
        <button
          type="button"
          className="button"
          disabled={!can.reset}
          onClick={resetInCharge}
          title="R"
        >
          {transport.reset}
        </button>
      )}
      <button
        type="button"
        className={`button${can.play ? ' act' : ''}`}
        disabled={!can.play}
        onClick={can.playing ? pauseInCharge : playInCharge}
        title="K"
      >
        {can.playing ? transport.pause : transport.play}
      </button>
      <button
        type="button"
        className="button"
        disabled={!can.step}
        aria-disabled={settling || undefined}
        onClick={stepInCharge}
        title="S"
      >
        {transport.step}
      </button>
    </div>
  );
}

/** 0 … 1: bytes while loading, probes while measuring, a study's own count while it runs. */
export function ProgressLine() {
  const phase = useRun((r) => r.phase);
  const shown = useRun((r) => r.shown);
  const { download, phase: opening } = usePick(useModel, 'download', 'phase');
  const study = useInCharge();
  const studied = useStudy((s) =>
    study !== null && (s.phase[study] === 'running' || s.phase[study] === 'paused')
      ? s.progress[study]
      : 0,
  );
  let part = 0;
  if (study !== null) part = studied % 1;
  else if (phase === 'loading') {
    const { runtime, model } = download;
    part =
      opening && opening !== 'download'
        ? 1
        : runtime.total && model.total
          ? (runtime.loaded + model.loaded) / (runtime.total + model.total)
          : 0;
  } else if (shown && (phase === 'running' || phase === 'paused' || phase === 'stopped')) {
    part = shareDone(shown) % 1;
  }
  return (
    <div className="progress">
      <i style={{ width: `${100 * part}%` }} />
    </div>
  );
}

export function OpenRail({ children }: { children: ReactNode }) {
  const set = useView((v) => v.set);
  return (
    <button
      type="button"
      className="button line only-drawer"
      onClick={() => set({ sheet: 'drawer' })}
    >
      {children}
    </button>
  );
}

export function Transport() {
  const { transport } = useWords();
  return (
    <>
      <div className="transport">
        <OpenRail>{transport.experiment}</OpenRail>
        <TransportButtons withReset />
        <StatusLine />
        <Chips />
      </div>
      <ProgressLine />
    </>
  );
}
