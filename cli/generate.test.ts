/**
 * Tests `rank-atlas generate` and the samples study: the generated text, the adapter used, and
 * refused input.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { defined } from '../src/checked.ts';
import { exportPeft } from '../src/adapters/peft.ts';
import type { SamplesResult } from '../src/studies/samples/state.ts';
import { randomAdapters } from '../test/training-data.ts';
import { writeAdapter } from './adapter-files.ts';
import { modelFor } from './import.ts';
import { cli } from '../test/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'rank-atlas-generate-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

const prompt = 'The light of the sun';
const few = ['--tokens', '6', '--threads', '1'];

describe('rank-atlas generate', { timeout: 120_000 }, () => {
  it('continues the prompt, greedy and sampled by a seed', async () => {
    const greedy = await cli('generate', prompt, ...few);
    const sampled = (seed: string) =>
      cli('generate', prompt, ...few, '--temperature', '1.5', '--top-p', '0.9', '--seed', seed);
    expect(greedy).toMatchObject({
      code: 0,
      err: expect.stringMatching(
        /^rank-atlas: No BOS: tokenizer.json specifies none\.\n6 tokens in .* nats per token\n$/,
      ) as string,
    });
    expect(greedy.out.startsWith(prompt)).toBe(true);
    expect(greedy.out.length).toBeGreaterThan(prompt.length + 6);
    const [a, b, c] = [await sampled('2'), await sampled('2'), await sampled('3')];
    expect(defined(a).out).toBe(defined(b).out);
    expect(new Set([greedy.out, defined(a).out, defined(c).out]).size).toBe(3);
  });

  it('generates with a PEFT adapter, at its rank or a lower one', async () => {
    const {
      compiled: { modules },
    } = await modelFor({});
    const adapters = randomAdapters(modules, 4);
    const path = join(folder, 'adapter');
    await writeAdapter(
      path,
      exportPeft({ modules, adapters, scale: () => 2, baseModel: 'x', taskType: 'CAUSAL_LM' }),
    );
    const cut = adapters.map((a) => ({
      ...a,
      rank: 2,
      loraA: a.loraA.subarray(0, a.loraA.length / 2),
      loraB: a.loraB.filter((_, i) => i % 4 < 2),
    }));
    await writeAdapter(
      `${path}-2.zip`,
      exportPeft({ modules, adapters: cut, scale: () => 4, baseModel: 'x', taskType: 'CAUSAL_LM' }),
    );
    const [plain, whole, low, two] = [
      await cli('generate', prompt, ...few),
      await cli('generate', prompt, ...few, '--adapter', path),
      await cli('generate', prompt, ...few, '--adapter', path, '--rank', '2'),
      await cli('generate', prompt, ...few, '--adapter', `${path}-2.zip`),
    ];
    expect(defined(whole).out).not.toBe(defined(plain).out);
    expect(defined(low).out).toBe(defined(two).out);
    expect(defined(low).err.split('; ')[1]).toBe(defined(two).err.split('; ')[1]);
    expect(await cli('generate', prompt, ...few, '--adapter', path, '--rank', '5')).toMatchObject({
      code: 2,
      err: expect.stringContaining(
        '--rank is 5, but the largest rank of the adapter is 4',
      ) as string,
    });
  });

  it.each([
    [['--tokens', '0'], '"tokens"'],
    [['--tokens', 'many'], '"tokens"'],
    [['--temperature=-1'], '"temperature"'],
    [['--top-p', '2'], '"topP"'],
    [['--rank', '3'], '--rank needs --adapter'],
    [['--adapter', '/nowhere'], 'cannot be read'],
  ])('refuses %s by name', async (options, what) => {
    expect(await cli('generate', prompt, ...options)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining(what) as string,
    });
  });

  it('runs the study from a spec file, and writes its result', async () => {
    const spec = join(folder, 'spec.json');
    const out = join(folder, 'result.json');
    writeFileSync(spec, JSON.stringify({ study: 'samples', samples: { prompt, tokens: 6 } }));
    const ran = await cli('run', spec, '--threads', '1', '--out', out);
    const result = JSON.parse(readFileSync(out, 'utf8')) as SamplesResult;
    expect(ran.out).toBe((await cli('generate', prompt, ...few)).out);
    expect(result).toMatchObject({
      format: 'rank-atlas-samples',
      adapter: null,
      losses: { adapted: null, base: { other: null } },
    });
    expect(ran.out).toBe(`${prompt}${result.texts.base.map((t) => t.text).join('')}\n`);
  });
});
