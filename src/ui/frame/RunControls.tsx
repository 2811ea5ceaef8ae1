/** The run controls: Reset, Play or Pause, and Step; the status; the chips; and a progress line. */
import { useMap } from '../../state/map-store.ts';
import { playOrPause, reset, step } from '../../state/runs.ts';
import { toDo } from '../../state/study-changes.ts';
import type { StudyKind } from '../../studies/registry.ts';
import type { ReactNode } from 'react';
import { useShallow } from 'zustand/react/shallow';
import { useExperiment } from '../../state/experiment-store.ts';
import { useModel } from '../../state/model-store.ts';
import { useStudy } from '../../state/study-store.ts';
import { buttons, type Buttons } from '../../state/run-controls.ts';
import { usePick } from '../../state/pick.ts';
import { useView } from '../../state/view-store.ts';
import { useWords } from '../use-words.ts';
import { Chips } from './Chips.tsx';
import { StatusLine, useActing } from './StatusLine.tsx';

/** Which buttons of a study are enabled. Default: the study in view. */
export function useButtons(of?: StudyKind): Buttons {
  const viewed = useExperiment((e) => e.spec.study);
  const study = of ?? viewed;
  const phase = useStudy((s) => s.phase[study]);
  const seen = useStudy((s) => s.states[study] !== null);
  const spec = useExperiment((e) => e.spec);
  const { left, more } = useStudy(useShallow((s) => toDo(study, s, spec)));
  const idle = useModel((m) => m.engine !== 'open');
  const comparing = useMap((m) => m.comparing !== null);
  if (idle || comparing) return { playing: false, play: false, step: false, reset: !idle && seen };
  return buttons(phase, { left, more, seen });
}

export function RunButtons({ withReset }: { withReset: boolean }) {
  const { runControls } = useWords();
  const can = useButtons();
  const study = useExperiment((e) => e.spec.study);
  // While a step or a pause finishes, Step does nothing. `aria-disabled` instead of `disabled`
  // leaves the focus on the button.
  const settling = useStudy((s) => s.live === study && s.phase[study] === 'paused' && !s.waiting);
  return (
    <div className="joined" role="group" aria-label={runControls.label}>
      {withReset && (
        <button
          type="button"
          className="button"
          disabled={!can.reset}
          onClick={() => reset(study)}
          title="R"
        >
          {runControls.reset}
        </button>
      )}
      <button
        type="button"
        className={`button${can.play ? ' act' : ''}`}
        disabled={!can.play}
        onClick={() => playOrPause(study)}
        title="K"
      >
        {can.playing ? runControls.pause : runControls.play}
      </button>
      <button
        type="button"
        className="button"
        disabled={!can.step}
        aria-disabled={settling || undefined}
        onClick={() => step(study)}
        title="S"
      >
        {runControls.step}
      </button>
    </div>
  );
}

/** Width 0 … 1: bytes while the model loads, then the progress of the acting study. */
export function ProgressLine() {
  const { download, phase: opening, engine } = usePick(useModel, 'download', 'phase', 'engine');
  const study = useActing();
  const done = useStudy((s) =>
    s.phase[study] === 'idle' || s.phase[study] === 'done' ? 0 : s.progress[study],
  );
  const { runtime, model } = download;
  const loaded =
    opening && opening !== 'download'
      ? 1
      : runtime.total && model.total
        ? (runtime.loaded + model.loaded) / (runtime.total + model.total)
        : 0;
  const part = engine === 'loading' ? loaded : engine === 'open' ? done % 1 : 0;
  return (
    <div className="progress">
      <i style={{ width: `${100 * part}%` }} />
    </div>
  );
}

export function OpenSidebar({ children }: { children: ReactNode }) {
  const set = useView((v) => v.set);
  return (
    <button
      type="button"
      className="button line only-drawer"
      onClick={() => set({ dialog: 'drawer' })}
    >
      {children}
    </button>
  );
}

export function RunControls() {
  const { runControls } = useWords();
  return (
    <>
      <div className="run-controls">
        <OpenSidebar>{runControls.experiment}</OpenSidebar>
        <RunButtons withReset />
        <StatusLine />
        <Chips />
      </div>
      <ProgressLine />
    </>
  );
}
