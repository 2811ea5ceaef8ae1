/**
 * Matches Python regular expressions against module paths, as PEFT does in `rank_pattern`,
 * `alpha_pattern` and `target_modules`.
 *
 * Only the existence of a match matters, so the matcher works on sets of positions. Greedy and lazy
 * quantifiers are equivalent, and a pattern from an untrusted file can't take exponential time.
 * Syntax that Python would read differently is refused.
 */
import { defined, elementAt } from '../checked.ts';

type Test = (c: string) => boolean;

/**
 * A syntax node. `run` consumes one character per test, `at` consumes none. `look` is (?=…), or
 * (?!…) if `wanted` is false.
 */
type Node =
  | { kind: 'run'; tests: readonly Test[] }
  | { kind: 'at'; test: (text: string, at: number) => boolean }
  | { kind: 'all' | 'any'; parts: readonly Node[] }
  | { kind: 'look'; node: Node; wanted: boolean }
  | { kind: 'repeat'; node: Node; min: number; max: number };

export type Pattern = Node;

const MAX_PATTERN = 1000;
const MAX_DEPTH = 20;

const isWord = (c: string | undefined) => c !== undefined && /\w/.test(c);
const classes: Readonly<Record<string, Test>> = {
  d: (c) => /\d/.test(c),
  D: (c) => !/\d/.test(c),
  w: isWord,
  W: (c) => !isWord(c),
  s: (c) => /\s/.test(c),
  S: (c) => !/\s/.test(c),
};
const places: Readonly<Record<string, (text: string, at: number) => boolean>> = {
  A: (_, at) => at === 0,
  Z: (text, at) => at === text.length,
  b: (text, at) => isWord(text[at - 1]) !== isWord(text[at]),
  B: (text, at) => isWord(text[at - 1]) === isWord(text[at]),
};

/** Parses a pattern. Throws an Error whose message completes "the pattern …" with the reason. */
export function parsePattern(source: string): Pattern {
  if (source.length > MAX_PATTERN) throw new Error(`is longer than ${MAX_PATTERN} characters`);
  return new Parser(source).parse();
}

/** Step budget for matching all patterns of one setting: a few tenths of a second. */
export interface Patience {
  left: number;
}
export const patience = (): Patience => ({ left: 8e6 });

/** `re.fullmatch(pattern, name)`. Throws an Error when the step budget is exhausted. */
export function fullMatch(pattern: Pattern, name: string, within = patience()): boolean {
  return endsIn(name, within)(pattern, 0).includes(name.length);
}

/**
 * `re.match(r"(.*\.)?(pattern)$", name)`: PEFT's rule for `rank_pattern` and `alpha_pattern`.
 * Throws an Error when the step budget is exhausted.
 */
export function pathMatch(pattern: Pattern, name: string, within = patience()): boolean {
  const ends = endsIn(name, within);
  if (pattern.kind === 'run') {
    // A pattern of fixed length can match at one position only.
    const start = name.length - pattern.tests.length;
    return (start === 0 || name[start - 1] === '.') && ends(pattern, start).length > 0;
  }
  for (let start = 0; start <= name.length; start++) {
    if ((start === 0 || name[start - 1] === '.') && ends(pattern, start).includes(name.length))
      return true;
  }
  return false;
}

type Positions = readonly number[];
const nowhere: Positions = [];

/**
 * Returns a function that gives the end positions of a node matched at a start position, without
 * duplicates. Results are cached by node and start.
 */
function endsIn(text: string, patience: Patience): (node: Node, at: number) => Positions {
  const known = new Map<Node, Positions[]>();

  function spend(steps: number): void {
    patience.left -= steps;
    if (patience.left < 0) throw new Error('takes too long to match');
  }

  function ends(node: Node, at: number): Positions {
    if (node.kind === 'run') {
      const end = at + node.tests.length;
      return end <= text.length && node.tests.every((test, i) => test(elementAt(text, at + i)))
        ? [end]
        : nowhere;
    }
    if (node.kind === 'at') return node.test(text, at) ? [at] : nowhere;
    let byStart = known.get(node);
    if (!byStart) known.set(node, (byStart = []));
    return (byStart[at] ??= find(node, at));
  }

  /**
   * End positions of a node from any of these starts, except positions in `seen`. Adds the new ones
   * to `seen`.
   */
  function from(node: Node, starts: Positions, seen?: Uint8Array): Positions {
    if (!seen && starts.length === 1) return ends(node, starts[0]!);
    seen ??= new Uint8Array(text.length + 1);
    const out: number[] = [];
    const all = starts.flatMap((start) => ends(node, start));
    // The cost of a step besides its positions: lists, and a table as long as the text.
    spend(4 + starts.length + all.length + (text.length >> 3));
    for (const end of all) {
      if (!seen[end]) out.push(end);
      seen[end] = 1;
    }
    return out;
  }

  function find(node: Exclude<Node, { kind: 'run' | 'at' }>, at: number): Positions {
    switch (node.kind) {
      case 'look':
        return ends(node.node, at).length > 0 === node.wanted ? [at] : nowhere;
      case 'all':
        return node.parts.reduce<Positions>(
          (starts, part) => (starts.length > 0 ? from(part, starts) : starts),
          [at],
        );
      case 'any': {
        const seen = new Uint8Array(text.length + 1);
        return node.parts.flatMap((part) => from(part, [at], seen));
      }
      case 'repeat': {
        if (node.node.kind === 'run' && node.node.tests.length === 1)
          return inARow(elementAt(node.node.tests, 0), node.min, node.max, at);
        let reached: Positions = [at];
        // More repetitions than characters only repeat the empty string and reach no new position.
        for (let count = Math.min(node.min, text.length + 1); count > 0; count--)
          reached = from(node.node, reached);
        const seen = new Uint8Array(text.length + 1);
        const out = [...reached];
        for (const place of reached) seen[place] = 1;
        for (let count = node.min; count < node.max && reached.length > 0; count++)
          out.push(...(reached = from(node.node, reached, seen)));
        return out;
      }
    }
  }
  /** End positions of `min` to `max` consecutive characters that pass a test. */
  function inARow(test: Test, min: number, max: number, at: number): Positions {
    let end = at;
    while (end < text.length && end - at < max && test(elementAt(text, end))) end++;
    spend(1 + end - at);
    return end - at < min
      ? nowhere
      : Array.from({ length: end - at - min + 1 }, (_, i) => at + min + i);
  }
  return ends;
}

class Parser {
  private readonly source: string;
  private at = 0;
  private depth = 0;

  constructor(source: string) {
    this.source = source;
  }

  parse(): Node {
    const node = this.any();
    if (this.at < this.source.length) throw new Error('closes a bracket that was not opened');
    return node;
  }

  private any(): Node {
    const parts = [this.all()];
    while (this.take('|')) parts.push(this.all());
    return parts.length === 1 ? elementAt(parts, 0) : { kind: 'any', parts };
  }

  private all(): Node {
    const parts: Node[] = [];
    while (this.at < this.source.length && !'|)'.includes(elementAt(this.source, this.at))) {
      const part = this.repeated();
      const last = parts.at(-1);
      if (part.kind === 'run' && last?.kind === 'run')
        parts[parts.length - 1] = { kind: 'run', tests: [...last.tests, ...part.tests] };
      else parts.push(part);
    }
    return parts.length === 1 && elementAt(parts, 0).kind === 'run'
      ? elementAt(parts, 0)
      : { kind: 'all', parts };
  }

  private repeated(): Node {
    if (this.counts()) throw new Error('repeats nothing');
    const node = this.atom();
    const counts = this.counts();
    if (!counts) return node;
    const [min, max] = counts;
    if (node.kind === 'at' || min > max) throw new Error('repeats nothing');
    this.take('?'); // lazy
    if (this.counts()) throw new Error('repeats a quantifier');
    return { kind: 'repeat', node, min, max };
  }

  /** `*`, `+`, `?`, `{2}`, `{2,}`, `{,3}`, `{2,3}`. Any other brace is a literal. */
  private counts(): [number, number] | null {
    const [token, min, comma, max] = this.match(/[*+?]|\{(?!\})(\d*)(,?)(\d*)\}/y) ?? [];
    switch (token) {
      case undefined:
        return null;
      case '*':
        return [0, Infinity];
      case '+':
        return [1, Infinity];
      case '?':
        return [0, 1];
    }
    return [Number(min), !comma ? Number(min) : max ? Number(max) : Infinity];
  }

  private atom(): Node {
    const c = elementAt(this.source, this.at++);
    switch (c) {
      case '(':
        return this.group();
      case '[':
        return this.set();
      case '.':
        return { kind: 'run', tests: [(other) => other !== '\n'] };
      case '^':
        return { kind: 'at', test: defined(places.A) };
      case '$':
        return { kind: 'at', test: defined(places.Z) };
      case '\\': {
        const place = places[this.source[this.at] ?? ''];
        if (!place) break;
        this.at++;
        return { kind: 'at', test: place };
      }
    }
    this.at--;
    const one = this.one();
    return { kind: 'run', tests: [typeof one === 'string' ? (other) => other === one : one] };
  }

  private group(): Node {
    const [opening] = this.match(/\?(:|=|!|P<\w+>)/y) ?? [];
    if (opening === undefined && this.source[this.at] === '?')
      throw new Error(`uses "(${this.source.slice(this.at, this.at + 2)}", which is not supported`);
    if (++this.depth > MAX_DEPTH) throw new Error(`nests brackets more than ${MAX_DEPTH} deep`);
    const node = this.any();
    this.depth--;
    if (!this.take(')')) throw new Error('has an unclosed bracket');
    return opening === '?=' || opening === '?!'
      ? { kind: 'look', node, wanted: opening === '?=' }
      : node;
  }

  private set(): Node {
    const not = this.take('^');
    const tests: Test[] = [];
    do {
      const low = this.one();
      if (!this.match(/-(?!\])/y)) {
        tests.push(typeof low === 'string' ? (c) => c === low : low);
        continue;
      }
      const high = this.one();
      if (typeof low !== 'string' || typeof high !== 'string' || low > high)
        throw new Error('has an invalid range');
      tests.push((c) => low <= c && c <= high);
    } while (!this.take(']'));
    return { kind: 'run', tests: [(c) => tests.some((test) => test(c)) !== not] };
  }

  /** One character, or a class such as \d. */
  private one(): string | Test {
    const c = this.source[this.at++];
    if (c === undefined) throw new Error('has an unclosed bracket');
    if (c !== '\\') return c;
    const escaped = this.source[this.at++] ?? '';
    if (Object.hasOwn(classes, escaped)) return defined(classes[escaped]);
    if (/^$|[A-Za-z0-9]/.test(escaped))
      throw new Error(`uses "\\${escaped}", which is not supported`);
    return escaped;
  }

  private take(c: string): boolean {
    if (this.source[this.at] !== c) return false;
    this.at++;
    return true;
  }

  private match(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.at;
    const found = sticky.exec(this.source);
    if (found) this.at = sticky.lastIndex;
    return found;
  }
}
