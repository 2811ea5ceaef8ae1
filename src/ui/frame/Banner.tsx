/**
 * The banner under the run controls, the only place for messages: errors first, then the link that
 * opened the page.
 */
import { useShown, useStudy } from '../../state/study-store.ts';
import { STUDIES, type StudyKind } from '../../studies/registry.ts';
import { Suspense, type ReactNode } from 'react';
import { defined, elementAt } from '../../checked.ts';
import { describeChanges } from '../../experiment/settings.ts';
import { isModel } from '../../model/remote/reference.ts';
import { attempt } from '../../state/attempt.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { closeLink, comparisonWith, resultNow, useLink } from '../../state/link-store.ts';
import { hostOf } from '../../state/hub-address.ts';
import { useModel } from '../../state/model-store.ts';
import { continueOn } from '../../state/runs.ts';
import { openModel } from '../../state/models.ts';
import { sweepsOf } from '../../studies/map/draws.ts';
import { usePick } from '../../state/pick.ts';
import { useView } from '../../state/view-store.ts';
import { lazyPart } from '../parts/lazy-part.tsx';
import { Host } from '../parts/Host.tsx';
import { describeChange, describeText, modelName, titleOf } from '../../words/describe.ts';
import type { Words } from '../../words/en.ts';
import { useWords } from '../use-words.ts';

const AdapterChoice = lazyPart(
  async () => (await import('../picker/AdapterChoice.tsx')).AdapterChoice,
  () => useModel.setState({ failure: null }),
);

const StudyBadge = lazyPart(async () => (await import('./StudyBadge.tsx')).StudyBadge);

type Kind = 'err' | 'warn' | 'ok' | '';

function Line({
  kind,
  alert,
  children,
  buttons,
}: {
  kind: Kind;
  alert?: boolean;
  children: ReactNode;
  buttons?: ReactNode;
}) {
  return (
    <div className={`banner ${kind}`} role={alert ? 'alert' : undefined}>
      {children}
      <div className="buttons">{buttons}</div>
    </div>
  );
}

const Button = ({
  onClick,
  children,
  kind = '',
}: {
  onClick(): void;
  children: ReactNode;
  kind?: string;
}) => (
  <button type="button" className={`button small ${kind}`} onClick={onClick}>
    {children}
  </button>
);

/** Whether the banner is shown. The map and the charts are lower then. */
export function useHasBanner(): boolean {
  const trouble = useModel((m) => m.failure !== null || m.distrusted !== null);
  const linked = useLink((l) => l.contents !== null || l.failure !== null);
  const stopped = useStopped() !== null;
  const restarted = useStudy((s) => s.restarted !== null);
  return trouble || linked || stopped || restarted;
}

/** The study that waits for a decision after the engine failed twice. */
const useStopped = (): StudyKind | null =>
  useStudy((s) => STUDIES.find((study) => s.phase[study] === 'stopped') ?? null);

export function Banner() {
  const linked = useLink((l) => l.contents !== null);
  return <Trouble otherwise={linked ? <LinkLine /> : null} />;
}

/** The current error or warning; without one, `otherwise`. */
export function Trouble({ otherwise = null }: { otherwise?: ReactNode }) {
  const words = useWords();
  const { failure, distrusted, set, models, provider, engine } = usePick(
    useModel,
    'engine',
    'failure',
    'distrusted',
    'set',
    'models',
    'provider',
  );
  const stopped = useStopped();
  const restarted = useStudy((s) => s.restarted);
  const shown = useShown();
  const linkFailure = useLink((l) => l.failure);
  const b = words.banner;

  if (stopped !== null) {
    const repeats = shown ? sweepsOf(shown.draws) : 0;
    const note =
      stopped !== 'map'
        ? words.studies.canResume
        : provider?.kind === 'webgpu'
          ? b.lostAsk(repeats)
          : words.status.canResume(repeats);
    return (
      <Line
        kind="err"
        alert
        buttons={
          <>
            {provider?.kind === 'webgpu' && (
              <Button kind="act" onClick={() => void continueOn(stopped, 'wasm')}>
                {b.continueCpu}
              </Button>
            )}
            <Button kind="line" onClick={() => void continueOn(stopped, provider?.kind ?? 'auto')}>
              {b.tryAgain}
            </Button>
          </>
        }
      >
        <span>
          <b>{b.lostTwice}</b> {note}
        </span>
      </Line>
    );
  }
  if (failure?.adapters)
    return (
      <Suspense fallback={null}>
        <AdapterChoice file={String(failure.values.file)} {...failure.adapters} />
      </Suspense>
    );
  if (failure) {
    return (
      <Line
        kind="err"
        alert
        buttons={
          <>
            {engine === 'none' && !shown && models[0] && (
              <Button
                kind="act"
                onClick={() => void openModel({ kind: 'bundled', id: elementAt(models, 0).id })}
              >
                {b.useBundled}
              </Button>
            )}
            <Button onClick={() => set({ failure: null })}>{b.dismiss}</Button>
          </>
        }
      >
        <Sentence text={words.error(failure.code, failure.values)} />
      </Line>
    );
  }
  if (restarted !== null)
    return (
      <Line kind="warn" alert>
        {b.lostOnce(restarted)}
      </Line>
    );
  if (distrusted)
    return (
      <Line
        kind="warn"
        alert
        buttons={<Button onClick={() => set({ distrusted: null })}>{b.dismiss}</Button>}
      >
        <span>
          <Sentence text={words.error(distrusted.code, distrusted.values)} /> {b.selfTestCpu}
        </span>
      </Line>
    );
  if (linkFailure)
    return (
      <Line kind="err" alert buttons={<Button onClick={closeLink}>{b.dismiss}</Button>}>
        <Sentence text={words.error(linkFailure.code, linkFailure.values)} />
      </Line>
    );
  return otherwise;
}

/** Sets the first sentence (what happened) in bold, followed by the rest (what to do). */
function Sentence({ text }: { text: string }) {
  const stop = /。|\.(?=\s|$)/u.exec(text);
  const cut = stop ? stop.index + 1 : text.length;
  return (
    <span>
      <b>{text.slice(0, cut)}</b>
      {text.slice(cut)}
    </span>
  );
}

type Contents = NonNullable<ReturnType<typeof useLink.getState>['contents']>;

/** Whether the results in view reproduce those of the link: the map's, and its study's. */
export function Badges({ contents }: { contents: Contents }) {
  const { kind, text } = badgeOf(useWords(), contents);
  const other = contents.spec.study !== 'map';
  return (
    <>
      {(contents.digest || !other) && <span className={`badge ${kind}`}>{text}</span>}
      {other && (
        <Suspense fallback={null}>
          <StudyBadge contents={contents} />
        </Suspense>
      )}
    </>
  );
}

function badgeOf(words: Words, contents: Contents): { kind: Kind; text: string } {
  const b = words.banner;
  if (!contents.digest) return { kind: '', text: b.noResult };
  const comparison = comparisonWith(contents, resultNow());
  if (!comparison) return { kind: '', text: b.unchecked };
  const { kind, reason, differing, modules } = comparison;
  if (kind === 'reproduced') return { kind: 'ok', text: b.reproduced(modules, modules) };
  if (kind === 'close')
    return {
      kind: 'warn',
      text: differing.length ? b.close(differing.length) : b.closeValues(comparison.largest),
    };
  return {
    kind: 'warn',
    text:
      reason === 'model'
        ? b.otherModel
        : reason === 'tokens'
          ? b.otherText
          : b.differs(differing.length, modules),
  };
}

function LinkLine() {
  const words = useWords();
  const b = words.banner;
  const contents = defined(useLink((l) => l.contents));
  const { spec, replace } = usePick(useExperiment, 'spec', 'replace');
  const { models, facts } = usePick(useModel, 'models', 'facts');
  // Re-render when a result comes into view.
  useStudy((s) => s.states.map?.result);
  const set = useView((v) => v.set);
  const { id } = contents.spec.model;
  const missing = !id.startsWith('bundled:') && (!facts || !isModel(id, facts.id));
  if (missing && /^(hub|url):/.test(id)) {
    const [before, after] = b.needsFetched(modelName(id));
    // No request goes to another server before the visitor agrees.
    const look = async () => {
      set({ picker: true });
      await attempt(async () => (await import('../../state/remote-picker.ts')).lookUp(id));
    };
    return (
      <Line
        kind="warn"
        buttons={
          <>
            <Button kind="act" onClick={() => void look()}>
              {b.lookAt}
            </Button>
            <Button onClick={closeLink}>{b.useBundled}</Button>
          </>
        }
      >
        <span>
          <b>{b.fromLink}.</b> {before}
          <Host name={hostOf(id)} />
          {after}
        </span>
      </Line>
    );
  }
  if (missing) {
    return (
      <Line
        kind="warn"
        buttons={
          <>
            <Button kind="act" onClick={() => set({ picker: true })}>
              {b.chooseFiles}
            </Button>
            <Button onClick={closeLink}>{b.useBundled}</Button>
          </>
        }
      >
        <span>
          <b>{b.fromLink}.</b> {b.needsFiles(modelName(id))}
        </span>
      </Line>
    );
  }
  const changes = describeChanges(contents.spec, spec).filter(
    ({ path }) => path !== 'model.hash' && path !== 'study',
  );
  const { base, text, method, seed } = contents.spec;
  const title = titleOf(models, contents.spec.model.id);
  return (
    <Line
      // The badges of a study set the colour (frame.css).
      kind={contents.spec.study === 'map' ? badgeOf(words, contents).kind : ''}
      buttons={
        <>
          {changes.length > 0 && <Button onClick={() => replace(contents.spec)}>{b.back}</Button>}
          <Button onClick={closeLink}>{b.dismiss}</Button>
        </>
      }
    >
      <b>{b.fromLink}</b>
      <span className="ink2">
        {[
          title,
          ...(base === 'as-is' ? [] : [words.base.names[base]]),
          describeText(words, text),
          words.methods.names[method.name],
          words.chips.seed(seed),
        ].join(', ')}
      </span>
      {changes.length > 0 ? (
        <span className="small">
          {b.changed(changes.map((c) => describeChange(words, c)).join(', '))}
        </span>
      ) : (
        <Badges contents={contents} />
      )}
      {contents.damaged.length > 0 && (
        <span className="small warn">{b.damaged(contents.damaged.join(', '))}</span>
      )}
      {contents.textOmitted && <span className="small warn">{b.textOmitted}</span>}
    </Line>
  );
}
