/** Runs a batch of inputs of one kind: each is generated, read and, if accepted, opened. */
import { AtlasError } from '../../src/errors.ts';
import type { Input, Kind } from './kinds.ts';
import { breaksRuntime, type Outcome } from './open.ts';
import { Random } from './random.ts';

export interface Job {
  kind: string;
  from: number;
  to: number;
}

export interface Finding {
  kind: string;
  index: number;
  what: 'uncaught' | 'sentence' | 'slow' | 'memory' | 'wrong' | 'hang' | 'crash';
  detail: string;
  /** Absent if its process has ended. The seed then reproduces it. */
  input?: Input;
}

export interface Counts {
  inputs: number;
  refused: number;
  accepted: number;
  opened: Record<Outcome, number>;
  /** Refusals by error code. */
  codes: Record<string, number>;
  slowest: { ms: number; index: number };
}

export interface Report {
  counts: Counts;
  findings: Finding[];
  /** The next input: the end of the batch, or earlier if the runtime broke. */
  next: number;
}

export const noCounts = (): Counts => ({
  inputs: 0,
  refused: 0,
  accepted: 0,
  opened: { equal: 0, sentence: 0, alone: 0, unsteady: 0, wrong: 0 },
  codes: {},
  slowest: { ms: 0, index: -1 },
});

/** Limits for one input: milliseconds of a reader, and bytes by which the process may grow. */
const MAX_MS = 1000;
const MAX_BYTES = 700e6;

/**
 * Streams of random numbers, by kind. Never reorder them: an index must always give the same input.
 */
const STREAMS = [
  'onnx',
  'onnx-large',
  'safetensors',
  'tokenizer',
  'config',
  'link',
  'spec',
  'training',
  'result',
  'peft',
  'zip',
  'checkpoint',
];

export function inputOf(kind: Kind, name: string, seed: number, index: number): Input {
  const stream = STREAMS.indexOf(name);
  if (stream < 0) throw new Error(`"${name}" has no stream of random numbers`);
  return kind.make(new Random(seed, stream, index));
}

/**
 * `before` is called with the index of every input. `peak` returns the largest size of the process
 * so far, in bytes.
 */
export async function runBatch(
  kind: Kind,
  { kind: name, from, to }: Job,
  seed: number,
  {
    before = () => undefined,
    peak = () => 0,
  }: { before?(index: number): void; peak?(): number } = {},
): Promise<Report> {
  const counts = noCounts();
  const findings: Finding[] = [];
  let top = peak();
  for (let index = from; index < to; index++) {
    before(index);
    const input = inputOf(kind, name, seed, index);
    const find = (what: Finding['what'], detail: string) =>
      findings.push({ kind: name, index, what, detail, input });
    counts.inputs++;
    const { error, value, ms } = await timed(kind, input);
    if (ms > counts.slowest.ms) counts.slowest = { ms, index };
    if (ms > MAX_MS) find('slow', `${Math.round(ms)} ms`);
    const refused = (what: unknown): boolean => {
      if (!(what instanceof AtlasError)) {
        find('uncaught', what instanceof Error ? (what.stack ?? what.message) : String(what));
        return false;
      }
      counts.codes[what.code] = (counts.codes[what.code] ?? 0) + 1;
      const flaw = flawOf(what.message);
      if (flaw) find('sentence', `${flaw}: ${what.message.slice(0, 300)}`);
      return true;
    };
    if (error !== undefined) {
      counts.refused++;
      refused(error);
    } else {
      counts.accepted++;
      if (kind.open) {
        try {
          const { outcome, detail } = await kind.open(value as never);
          counts.opened[outcome]++;
          if (outcome === 'wrong') find('wrong', detail);
        } catch (thrown) {
          counts.opened[refused(thrown) ? 'sentence' : 'wrong']++;
          if (breaksRuntime(thrown)) return { counts, findings, next: index + 1 };
        }
      }
    }
    const now = peak();
    if (now - top > MAX_BYTES)
      find('memory', `the process grew by ${Math.round((now - top) / 1e6)} MB`);
    top = now;
  }
  return { counts, findings, next: to };
}

/**
 * The result of reading. A slow reading is repeated, so that only consistently slow inputs count.
 */
async function timed(
  kind: Kind,
  input: Input,
): Promise<{ error?: unknown; value?: unknown; ms: number }> {
  const once = async () => {
    const start = performance.now();
    const used = process.cpuUsage();
    // The smaller of wall and processor time, because the machine may be busy.
    const ms = () => {
      const { user, system } = process.cpuUsage(used);
      return Math.min(performance.now() - start, (user + system) / 1000);
    };
    try {
      return { value: await kind.read(input), ms: ms() };
    } catch (error) {
      return { error, ms: ms() };
    }
  };
  const found = await once();
  for (let again = 0; again < 2 && found.ms > MAX_MS; again++)
    found.ms = Math.min(found.ms, (await once()).ms);
  return found;
}

/** Why an error message is not a plain sentence, or null. */
function flawOf(message: string): string | null {
  if (/undefined|\[object|\bNaN\b/.test(message)) return 'a value is missing';
  if (message.length > 700) return `it has ${message.length} characters`;
  if (!/[.!?]$/.test(message)) return 'it does not end';
  return null;
}

export function add(a: Counts, b: Counts): Counts {
  const sum = <K extends string>(x: Record<K, number>, y: Record<K, number>) => {
    const out: Partial<Record<K, number>> = { ...x };
    for (const key of Object.keys(y) as K[]) out[key] = (out[key] ?? 0) + y[key];
    return out as Record<K, number>;
  };
  return {
    inputs: a.inputs + b.inputs,
    refused: a.refused + b.refused,
    accepted: a.accepted + b.accepted,
    opened: sum(a.opened, b.opened),
    codes: sum(a.codes, b.codes),
    slowest: a.slowest.ms >= b.slowest.ms ? a.slowest : b.slowest,
  };
}
