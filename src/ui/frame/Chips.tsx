/** Chips next to the run controls: provider (a menu), memory use, base and seed. */
import { useStudy } from '../../state/study-store.ts';
import type { ProviderKind } from '../../engine/engine.ts';
import { useExperiment } from '../../state/experiment-store.ts';
import { useModel } from '../../state/model-store.ts';
import { usePick } from '../../state/pick.ts';
import { switchProvider } from '../../state/runs.ts';
import { closePopover, Popover } from '../parts/Popover.tsx';
import { useWords } from '../use-words.ts';
import type { Words } from '../../words/en.ts';

/** Formats an error of any magnitude in few characters, such as 2e-6. */
const figure = (v: number) =>
  v === 0 ? '0' : v < 0.01 ? v.toExponential(0) : String(Number(v.toPrecision(2)));

const kinds: ProviderKind[] = ['webgpu', 'wasm'];
const nameOf = (words: Words, kind: ProviderKind) =>
  kind === 'webgpu' ? words.chips.gpu : words.chips.cpu;

export function ProviderChip({ phone = false }: { phone?: boolean }) {
  const words = useWords();
  const c = words.chips;
  const stopped = useStudy((s) => Object.values(s.phase).includes('stopped'));
  const { provider, distrusted, engine } = usePick(useModel, 'provider', 'distrusted', 'engine');
  const result = useStudy((s) => s.states.map?.result ?? null);
  const recorded = engine === 'none' ? result : null;
  if (recorded)
    return (
      <span className="chip idle">
        <i />
        {c.recorded(recorded.startedAt.slice(0, 10), recorded.provider.device)}
      </span>
    );
  if (stopped)
    return (
      <span className="chip warn">
        <i />
        {c.stopped}
      </span>
    );
  if (!provider)
    return (
      <span className="chip idle">
        <i />
        {engine === 'loading' ? words.status.starting : c.none}
      </span>
    );
  const device =
    provider.kind === 'webgpu' && provider.device ? (
      <span className="wide-only"> · {provider.device}</span>
    ) : null;
  return (
    <Popover
      className={`chip${distrusted || provider.software ? ' warn' : ''}`}
      name={`${c.provider}: ${nameOf(words, provider.kind)}`}
      label={
        <>
          <i />
          <span className="ellipsis device">
            {phone && provider.kind === 'wasm' ? c.cpuShort : nameOf(words, provider.kind)}
            {device}
          </span>
        </>
      }
    >
      <ProviderMenu />
    </Popover>
  );
}

function ProviderMenu() {
  const words = useWords();
  const c = words.chips;
  const { provider, providers, selfTest } = usePick(useModel, 'provider', 'providers', 'selfTest');
  return (
    <div className="stack provider-menu">
      <h3>{c.provider}</h3>
      {kinds.map((kind) => {
        const current = provider?.kind === kind;
        const here = providers.includes(kind);
        const note = current
          ? [
              provider.device,
              provider.kind === 'wasm' ? c.threads(provider.threads) : '',
              provider.software ? c.software : '',
            ]
              .filter(Boolean)
              .join(', ')
          : here
            ? ''
            : c.unavailable;
        return (
          <div className="row centre" key={kind}>
            <span>
              <b>{nameOf(words, kind)}</b>
              {note && <small className="ink2"> {note}</small>}
            </span>
            {current ? (
              <small className="ink2">{c.inUse}</small>
            ) : (
              here && (
                <button
                  type="button"
                  className="button small line"
                  onClick={(e) => {
                    closePopover(e.currentTarget);
                    void switchProvider(kind);
                  }}
                >
                  {c.use}
                </button>
              )
            )}
          </div>
        );
      })}
      {!providers.includes('webgpu') && (
        <p className="small ink2">{words.error('no-webgpu', {})}</p>
      )}
      {provider?.kind === 'wasm' && provider.threads === 1 && !globalThis.crossOriginIsolated && (
        <p className="small ink2">{c.oneThread}</p>
      )}
      {selfTest && (
        <table className="small">
          <caption className="small ink2">{c.selfTest}</caption>
          <tbody>
            {selfTest.checks.map((check) => (
              <tr key={check.name}>
                <td>
                  {check.name}
                  {check.note && <small className="ink3"> {check.note}</small>}
                </td>
                <td>
                  {figure(check.error)}{' '}
                  <span className="ink3">({c.allowed(figure(check.allowed))})</span>
                </td>
                <td className={check.ok ? '' : 'err'}>{check.ok ? c.passed : c.differs}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

export function Chips() {
  const words = useWords();
  const c = words.chips;
  const { memory, provider } = usePick(useModel, 'memory', 'provider');
  const limit = useModel((m) => m.limit);
  const { seed, base } = useExperiment((e) => e.spec);
  return (
    <div className="chips">
      <ProviderChip />
      {memory && (
        <Popover
          className="chip"
          name={`${c.memoryName}: ${c.memoryShort(memory.device + memory.heap)}`}
          label={
            <>
              <span className="wide-only">{c.memory(memory.device + memory.heap, limit)}</span>
              <span className="narrow-only">{c.memoryShort(memory.device + memory.heap)}</span>
            </>
          }
        >
          <div className="stack">
            <h3>{c.memoryName}</h3>
            <div className="row">
              <span>{c.memoryDevice}</span>
              <b>{words.size(memory.device)}</b>
            </div>
            <div className="row">
              <span>{c.memoryHeap}</span>
              <b>{words.size(memory.heap)}</b>
            </div>
            {provider?.kind !== 'webgpu' && <p className="note">{c.weightForm[memory.weights]}</p>}
          </div>
        </Popover>
      )}
      {base !== 'as-is' && <span className="chip">{words.base.chip[base]}</span>}
      <span className="chip">{c.seed(seed)}</span>
    </div>
  );
}
