/**
 * Python's regular expressions on module paths, compared with JavaScript's where the two agree;
 * explicit cases where they differ.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuTime } from '../../test/cpu-time.ts';
import '../../test/seed.ts';
import { fullMatch, parsePattern, pathMatch } from './peft-pattern.ts';

describe('a pattern', () => {
  const { pattern } = fc.letrec<{ pattern: string; atom: string }>((tie) => ({
    atom: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constantFrom(
        'a',
        'b',
        '1',
        '\\.',
        '.',
        '\\d',
        '\\W',
        '[a1]',
        '[^a.]',
        '[0-9b-]',
        '\\b',
        '^',
        '$',
      ),
      tie('pattern').map((p) => `(${p})`),
      tie('pattern').map((p) => `(?:${p})`),
      tie('pattern').map((p) => `(?=${p})`),
      tie('pattern').map((p) => `(?!${p})`),
    ),
    pattern: fc
      .array(
        fc.oneof(
          tie('atom'),
          fc.constant('|'),
          fc
            .tuple(
              tie('atom').filter((a) => !/^(?:\\b|\^|\$|\(\?[=!])/.test(a)),
              fc.constantFrom('*', '+', '?', '*?', '{2}', '{0,2}', '{1,}'),
            )
            .map(([a, count]) => a + count),
        ),
        { maxLength: 5 },
      )
      .map((parts) => parts.join('')),
  }));
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '1', '.'), maxLength: 7 });

  test('matches what the same regular expression matches', () => {
    fc.assert(
      fc.property(pattern, fc.array(name, { minLength: 1, maxLength: 5 }), (source, names) => {
        let parsed;
        try {
          parsed = parsePattern(source);
        } catch {
          // Repetitions of empty groups are refused, though JavaScript accepts them.
          return fc.pre(false);
        }
        const whole = new RegExp(`^(?:${source})$`);
        const peft = new RegExp(`(.*\\.)?(${source})$`, 'y');
        for (const n of names) {
          expect(fullMatch(parsed, n)).toBe(whole.test(n));
          peft.lastIndex = 0;
          expect(pathMatch(parsed, n)).toBe(peft.test(n));
        }
      }),
      { numRuns: 2000 },
    );
  });

  test.for<[string, string, boolean]>([
    ['q_proj', 'model.layers.0.self_attn.q_proj', true],
    ['proj', 'model.layers.0.self_attn.q_proj', false], // only after a dot
    ['self_attn.q_proj', 'model.layers.0.self_attn.q_proj', true],
    ['layers.1.mlp', 'model.layers.11.mlp', false],
    ['^layers.0', 'model.layers.0', false],
    ['^model.layers.0', 'model.layers.0', true],
    ['.*28.*o_proj', 'model.layers.28.self_attn.o_proj', true],
    ['layers\\.15\\.self_attn\\.(q|k)_proj', 'model.layers.15.self_attn.k_proj', true],
    ['q_proj|k_proj', 'model.layers.15.self_attn.k_proj', true],
    ['(?P<part>q|k)_proj', 'layers.0.q_proj', true],
    ['[]a]_proj', ']_proj', true], // a leading bracket is a member of the set
    ['q{}', 'q{}', true],
    ['q{,2}', 'qq', true],
    ['\\Amodel\\Z', 'model', true],
  ])('"%s" on %s: %s, as in Python', ([source, path, want]) => {
    expect(pathMatch(parsePattern(source), path)).toBe(want);
  });

  test.for([
    '(',
    ')',
    'a)|(b',
    '[a',
    '*a',
    'a**',
    'a*+',
    'a{3,2}',
    '{2}',
    '(?i)a',
    '(?<=a)b',
    '(a)\\1',
    '\\Q',
    'a\\',
    '[b-a]',
    '[\\d-z]',
    `${'('.repeat(21)}a${')'.repeat(21)}`,
  ])('"%s" is refused', (source) => {
    expect(() => parsePattern(source)).toThrow(/^\w+ /);
  });

  test('is matched in less than exponential time', () => {
    const path = `${'a'.repeat(60)}!`;
    const nested = `${'('.repeat(20)}a${')*'.repeat(20)}b`;
    const took = cpuTime(() => {
      for (const source of ['(a+)+b', '(a|a)*b', '(a?){30,999}b', `${'.*'.repeat(400)}b`, nested])
        expect(pathMatch(parsePattern(source), path)).toBe(false);
    });
    expect(took).toBeLessThan(5000);
    expect(() => parsePattern('a'.repeat(1001))).toThrow('longer');
  });
});
