/**
 * Two status lines next to the run controls: what happens now, and what comes next. Announced to
 * screen readers at most every 10 s.
 */
import { useMap } from '../../state/map-store.ts';
import { useStudyChanges } from '../../state/study-changes.ts';
import { useShown, useStudy } from '../../state/study-store.ts';
import type { Change } from '../../experiment/settings.ts';
import { timeLeft, type Measurement } from '../../studies/map/state.ts';
import { REPEATS_MORE } from '../../studies/map/manifest.ts';
import { manifestOf } from '../../studies/manifest-of.ts';
import type { StudyKind } from '../../studies/registry.ts';
import { useEffect, useRef, useState } from 'react';
import { elementAt } from '../../checked.ts';
import { countsOf, drawsAsked, kindOfRepeats, stageOf, sweepsOf } from '../../studies/map/draws.ts';
import { LIMITS } from '../../spec/limits.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { useModel } from '../../state/model-store.ts';
import { usePick } from '../../state/pick.ts';
import type { Words } from '../../words/en.ts';
import { describeChange } from '../../words/describe.ts';
import { inLanguage } from '../../language/in-language.ts';
import { useWords } from '../use-words.ts';

/** Both lines, and a key that changes with the phase. A new key triggers an announcement. */
interface Status {
  title: string;
  note: string;
  phase: string;
  /** Short form for a phone. */
  short?: { title: string; note: string };
}

export function useStatus(): Status {
  const words = useWords();
  const engine = useEngineStatus();
  const study = useActing();
  const making = useModel((m) => m.making);
  const phase = useStudy((s) => s.phase[study]);
  const stepping = useStudy((s) => s.stepping === study);
  const measurement = useMeasurementStatus();
  const changes = useStudyChanges(study);
  if (engine) return engine;
  if (making && (stepping || phase === 'running'))
    return {
      title: words.base.making[making.base],
      note: words.base.share(making.share),
      phase: 'base',
    };
  if (study === 'map') return measurement;
  const w = words.studies;
  const labels = inLanguage(manifestOf(study).labels, words);
  if (changes.length > 0 && phase !== 'running')
    return { ...changed(words, changes), note: w.changed };
  switch (phase) {
    case 'running':
      return { title: labels.running, note: '', phase: `${study} running` };
    case 'paused':
      return { title: w.paused, note: w.pausedNote, phase: `${study} paused` };
    case 'stopped':
      return { title: w.stopped, note: '', phase: `${study} stopped` };
    case 'done':
      return { title: labels.done, note: w.again, phase: `${study} done` };
    case 'idle':
      return { title: labels.ready, note: labels.next, phase: `${study} idle` };
  }
}

/** The study in view. If it has not started while another study runs, the running study. */
export function useActing(): StudyKind {
  const viewed = useExperiment((e) => e.spec.study);
  return useStudy((s) =>
    s.live !== null && s.phase[viewed] === 'idle' && s.phase[s.live] === 'running'
      ? s.live
      : viewed,
  );
}

/** Status before the engine is open, and while two results are compared. */
function useEngineStatus(): Status | null {
  const words = useWords();
  const comparing = useMap((m) => m.comparing);
  const recorded = useStudy((s) => s.states.map !== null);
  const { download, phase, engine } = usePick(useModel, 'download', 'phase', 'engine');
  const w = words.status;
  if (comparing)
    return { title: words.compare.status, note: words.compare.statusNote, phase: 'compare' };
  if (engine === 'none')
    return recorded
      ? { title: w.recorded, note: w.recordedNote, phase: 'recorded' }
      : { title: w.failed, note: w.failedNote, phase: 'empty' };
  if (engine === 'open') return null;
  if (phase && phase !== 'download')
    return { title: w.opening, note: w.openingPhase[phase], phase: 'opening' };
  const { runtime, model } = download;
  return {
    title: w.loading,
    note: w.loaded(
      runtime.loaded + model.loaded,
      runtime.total && model.total ? runtime.total + model.total : 0,
    ),
    phase: 'loading',
  };
}

function useMeasurementStatus(): Status {
  const words = useWords();
  const shown = useShown();
  const phase = useStudy((s) => s.phase.map);
  const halted = useStudy((s) => s.live !== 'map' || s.waiting);
  const waiting = useMap((m) => m.waiting);
  const { facts, provider, providers } = usePick(useModel, 'facts', 'provider', 'providers');
  const spec = useExperiment((e) => e.spec);
  const changes = useStudyChanges('map');
  const w = words.status;
  const m = words.methods;
  const { method } = shown?.spec ?? spec;
  const sweeps = shown ? sweepsOf(shown.measured) : 0;
  const stage = (draw: number) => {
    const { kind, at, of } = stageOf(method, draw);
    return m.at(kind, at, of);
  };

  switch (phase) {
    case 'idle':
      return {
        title: w.ready,
        note: waiting
          ? w.waiting
          : m.next(facts?.modules.length ?? 0, countsOf(spec.method, drawsAsked(spec.method))),
        phase,
      };
    case 'stopped':
      return { title: w.stopped(stage(sweeps)), note: w.canResume(sweeps), phase };
    case 'running': {
      if (!shown || shown.cleanLoss === null)
        return { title: w.measuring(stage(0)), note: w.clean, phase };
      const left = timeLeft(shown);
      const repeat = shown.probing?.repeat ?? sweeps;
      // Only a preset's counterpart runs with other settings than the experiment's.
      const title = (changes.length > 0 ? w.measuringOther : w.measuring)(stage(repeat));
      const layer = shown.probing ? shown.probing.layer : 0;
      // Eight passes run together, so announce the kind of stage instead of each pass.
      const spoken = stageOf(method, repeat);
      return {
        title,
        note: w.where(layer, left === null ? null : left / 1000),
        phase: spoken.kind === 'pass' ? 'passes' : `repeat ${spoken.at}`,
        short: { title, note: left === null ? '' : w.left(left / 1000) },
      };
    }
    case 'paused': {
      if (changes.length > 0) return changed(words, changes);
      if (shown?.probing && !halted) {
        const { layer, modules } = shown.probing;
        return modules.length === 1 && layer !== null
          ? {
              title: w.probing(layer, elementAt(shown.model.modules, modules[0]!).role),
              note: '',
              phase,
            }
          : {
              title: w.pausing,
              note: layer === null ? m.finishingPasses : w.finishing(layer),
              phase,
            };
      }
      const at = shown && lastProbed(shown);
      if (!shown || !at) return { title: w.pausedStart, note: w.stepStart, phase };
      const next = elementAt(shown.model.modules, at.next);
      const done = stageOf(method, at.repeat);
      const following = stageOf(method, sweeps);
      const note = following.kind === 'pass' ? m.stepPass : w.step(next.layer, next.role);
      return {
        title:
          done.kind === 'pass'
            ? m.pausedPass(done.at, done.of)
            : w.paused(at.layer, at.role, stage(at.repeat)),
        note,
        phase,
      };
    }
    case 'done': {
      if (changes.length > 0) return changed(words, changes);
      if (!shown) return { title: w.ready, note: '', phase };
      const add =
        sweeps >= drawsAsked(spec.method)
          ? Math.min(REPEATS_MORE, LIMITS.repeats[1] - spec.method.repeats)
          : drawsAsked(spec.method) - sweeps;
      const more = add > 0 ? m.kind(kindOfRepeats(spec.method), add) : null;
      const counts = m.counts(countsOf(method, sweeps));
      const time = shown.times.clean + shown.times.measure;
      const cpu = provider?.kind === 'wasm' && !providers.includes('webgpu') ? ` ${w.doneCpu}` : '';
      return {
        title: w.done(shown.model.modules.length, counts),
        note: w.doneNext(time > 0 ? time / 1000 : null, more) + cpu,
        phase,
        short: { title: w.doneShort(counts), note: w.moreShort(more) },
      };
    }
  }
}

const changed = (words: Words, changes: readonly Change[]): Status => ({
  title: words.status.changed(changes.map((c) => describeChange(words, c)).join(', ')),
  note: words.status.changedNext,
  phase: 'changed',
});

/**
 * The module probed last and the module that Step probes next. Repeats run as sweeps, so the
 * numbers of repeats differ by at most one.
 */
function lastProbed({ measured, model }: Measurement) {
  const maxRepeats = Math.max(...measured.map((d) => d.length));
  if (maxRepeats === 0) return null;
  const last = measured.findLastIndex((d) => d.length === maxRepeats);
  const module = elementAt(model.modules, last);
  return {
    layer: module.layer,
    role: module.role,
    repeat: maxRepeats - 1,
    next: (last + 1) % model.modules.length,
  };
}

const QUIET_MS = 10_000;

export function StatusLine({ phone = false }: { phone?: boolean }) {
  const { title, note, phase, short } = useStatus();
  const seen = (phone && short) || { title, note };
  // Announces once per phase, and at most every 10 s.
  const [spoken, setSpoken] = useState('');
  const last = useRef(0);
  useEffect(() => {
    const wait = Math.max(0, last.current + QUIET_MS - Date.now());
    const timer = setTimeout(() => {
      last.current = Date.now();
      setSpoken(`${title}. ${note}`);
    }, wait);
    return () => clearTimeout(timer);
    // The note counts down, so only a new phase is announced.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [phase]);
  return (
    <div className="status">
      <div className="bold">{seen.title}</div>
      <div className="small ink2">{seen.note || '\u00a0'}</div>
      <div role="status" className="hidden-visually">
        {spoken}
      </div>
    </div>
  );
}
