/** Two lines beside the transport: what is happening, and what comes next. Read aloud at most every 10 s. */
import { useEffect, useRef, useState } from 'react';
import { sweepsOf, timeLeft } from '../../experiment/measurement.ts';
import { LIMITS } from '../../experiment/schema.ts';
import { isWhole, REPEATS_MORE, useChanges } from '../../state/derived.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { useModel } from '../../state/model-store.ts';
import { usePick } from '../../state/pick.ts';
import { useRun } from '../../state/run-store.ts';
import type { Words } from '../words/en.ts';
import { describeChange } from '../words/describe.ts';
import { useWords } from '../words/use-words.ts';

/** First line, second line, and a key that changes when the phase does, for the spoken one. */
interface Status {
  title: string;
  note: string;
  phase: string;
  /** For the foot of a phone, where the full words have no room. */
  short?: { title: string; note: string };
}

export function useStatus(): Status {
  const words = useWords();
  const { phase, shown, waiting, comparing } = usePick(useRun, 'phase', 'shown', 'waiting', 'comparing');
  const { download, phase: opening, facts, provider, providers } = usePick(useModel, 'download', 'phase', 'facts', 'provider', 'providers');
  const spec = useExperiment((e) => e.spec);
  const changes = useChanges();
  const w = words.status;
  const of = (shown?.spec ?? spec).method.repeats;
  const sweeps = shown ? sweepsOf(shown.draws) : 0;

  if (comparing) return { title: words.compare.status, note: words.compare.statusNote, phase: 'compare' };
  switch (phase) {
    case 'loading': {
      if (opening && opening !== 'download') return { title: w.opening, note: w.openingPhase[opening], phase: 'opening' };
      const { runtime, model } = download;
      return { title: w.loading, note: w.loaded(runtime.loaded + model.loaded, runtime.total && model.total ? runtime.total + model.total : 0), phase: 'loading' };
    }
    case 'empty': return { title: w.failed, note: w.failedNote, phase };
    case 'recorded': return { title: w.recorded, note: w.recordedNote, phase };
    case 'idle': return { title: w.ready, note: waiting ? w.waiting : w.readyNext(facts?.modules.length ?? 0, spec.method.repeats), phase };
    case 'stopped': return { title: w.stopped(Math.min(sweeps + 1, of), of), note: w.kept(sweeps), phase };
    case 'running': {
      if (!shown || shown.cleanLoss === null) return { title: w.measuring(1, of), note: w.clean, phase };
      const left = timeLeft(shown);
      const repeat = Math.min(of, (shown.probing?.repeat ?? sweeps) + 1);
      return {
        title: w.measuring(repeat, of), note: w.where(shown.probing?.layer ?? 0, left === null ? null : left / 1000), phase: `repeat ${repeat}`,
        short: { title: w.measuring(repeat, of), note: left === null ? '' : w.left(left / 1000) },
      };
    }
    case 'paused': {
      if (changes.length > 0) return changed(words, changes);
      if (shown?.probing) {
        const { layer, modules } = shown.probing;
        return modules.length === 1
          ? { title: w.probing(layer, shown.model.modules[modules[0]!]!.role), note: '', phase }
          : { title: w.pausing, note: w.finishing(layer), phase };
      }
      const at = shown && lastProbed(shown);
      if (!shown || !at) return { title: w.pausedStart, note: w.stepStart, phase };
      const next = shown.model.modules[at.next]!;
      return { title: w.paused(at.layer, at.role, at.repeat + 1, of), note: w.step(next.layer, next.role), phase };
    }
    case 'done': {
      if (changes.length > 0) return changed(words, changes);
      if (!shown) return { title: w.ready, note: '', phase };
      const more = isWhole(shown, spec) ? Math.min(REPEATS_MORE, LIMITS.repeats[1] - spec.method.repeats) : spec.method.repeats - sweeps;
      const time = shown.times.clean + shown.times.measure;
      const cpu = provider?.kind === 'wasm' && !providers.includes('webgpu') ? ` ${w.doneCpu}` : '';
      return {
        title: w.done(shown.model.modules.length, sweeps), note: w.doneNext(time > 0 ? time / 1000 : null, more) + cpu, phase,
        short: { title: w.doneShort(sweeps), note: w.moreShort(more) },
      };
    }
  }
}

const changed = (words: Words, changes: Parameters<typeof describeChange>[1][]): Status =>
  ({ title: words.status.changed(changes.map((c) => describeChange(words, c)).join(', ')), note: words.status.changedNext, phase: 'changed' });

/** The module probed last and the one Step takes next: repeats run as sweeps, so lengths differ by one at most. */
function lastProbed({ draws, model }: NonNullable<ReturnType<typeof useRun.getState>['shown']>) {
  const most = Math.max(...draws.map((d) => d.length));
  if (most === 0) return null;
  const last = draws.findLastIndex((d) => d.length === most);
  const module = model.modules[last]!;
  return { layer: module.layer, role: module.role, repeat: most - 1, next: (last + 1) % model.modules.length };
}

const QUIET_MS = 10_000;

export function StatusLine({ phone = false }: { phone?: boolean }) {
  const { title, note, phase, short } = useStatus();
  const seen = (phone && short) || { title, note };
  // Spoken: the phase's first words only, and never more often than every 10 s.
  const [spoken, setSpoken] = useState('');
  const last = useRef(0);
  useEffect(() => {
    const wait = Math.max(0, last.current + QUIET_MS - Date.now());
    const timer = setTimeout(() => { last.current = Date.now(); setSpoken(`${title}. ${note}`); }, wait);
    return () => clearTimeout(timer);
    // The note counts down; only a change of phase is worth saying.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [phase]);
  return (
    <div className="status">
      <div className="bold">{seen.title}</div>
      <div className="small ink2">{seen.note || '\u00a0'}</div>
      <div role="status" className="hidden-visually">{spoken}</div>
    </div>
  );
}
