/** Tests `rank-atlas export` and `import`: the written files, and refused adapters. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { unzipSync, zipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { defined, elementAt } from '../src/checked.ts';
import { adapterPlaces } from '../src/compiler/modules.ts';
import { exportPeft } from '../src/adapters/peft.ts';
import { initialAdapters } from '../src/methods/lora.ts';
import { nodeFiles } from '../src/model/node-files.ts';
import { readSafetensors, toFloat32 } from '../src/model/safetensors.ts';
import { dequantise } from '../src/model/weights.ts';
import { loadModel } from '../src/runtime/load.ts';
import { cli } from '../test/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'rank-atlas-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('adapters on the command line', { timeout: 120_000 }, async () => {
  const model = await loadModel(
    await nodeFiles(resolve(import.meta.dirname, '../public/models/atlas-3m')),
  );
  const { modules } = model.compiled;
  // Ranks 0, 1, 2, 3, 0, … and nonzero B, so that merging changes the weights.
  const adapters = initialAdapters(
    5,
    modules,
    modules.map((m) => m.index % 4),
  ).map((a) => ({ ...a, loraB: a.loraB.map((_, i) => Math.sin(i) / 50) }));
  const files = exportPeft({
    modules,
    adapters,
    scale: (m) => 1 + m / 10,
    baseModel: 'atlas',
    taskType: 'CAUSAL_LM',
  });
  const zip = join(folder, 'adapter.zip');
  writeFileSync(
    zip,
    zipSync({
      'deep/adapter_config.json': defined(files.get('adapter_config.json')),
      'deep/adapter_model.safetensors': defined(files.get('adapter_model.safetensors')),
    }),
  );

  it('lists the adapter in a zip, and writes its ranks in the format that train reads', async () => {
    const ranks = join(folder, 'ranks.json');
    const { code, out } = await cli('import', zip, '--out', ranks);
    expect(code).toBe(0);
    expect(out).toContain(
      `42 of 56 modules adapted, ${adapters.reduce((sum, a) => sum + a.loraA.length + a.loraB.length, 0)} parameters, mean rank 1.5.`,
    );
    const report = JSON.parse(readFileSync(ranks, 'utf8')) as {
      modules: { path: string; rank: number; scale: number | null }[];
    };
    expect(report.modules.map((m) => [m.path, m.rank])).toEqual(
      modules.map((m) => [m.path, m.index % 4]),
    );
    expect(elementAt(report.modules, 7).scale).toBeCloseTo(1.7, 6);
    expect(elementAt(report.modules, 8).scale).toBeNull();
    expect(JSON.parse((await cli('import', zip, '--json')).out)).toEqual(report);
  });

  it('writes a folder and a zip that hold the same adapter', async () => {
    const as = { folder: join(folder, 'out'), zip: join(folder, 'out.zip') };
    expect((await cli('export', zip, '--out', as.folder)).code).toBe(0);
    expect((await cli('export', as.folder, '--out', as.zip)).code).toBe(0);
    const unzipped = unzipSync(readFileSync(as.zip));
    for (const [name, bytes] of Object.entries(unzipped))
      expect(Buffer.compare(bytes, readFileSync(join(as.folder, name)))).toBe(0);
    expect(
      Buffer.compare(
        readFileSync(join(as.folder, 'adapter_model.safetensors')),
        defined(files.get('adapter_model.safetensors')),
      ),
    ).toBe(0);
  });

  it('merges W + s B A into the export and into separate files', async () => {
    const to = join(folder, 'merged');
    expect((await cli('export', zip, '--out-model', to)).code).toBe(0);
    const merged = await loadModel(await nodeFiles(to));
    const { tensors } = readSafetensors(readFileSync(join(to, 'weights.safetensors')), 'weights');
    expect(tensors.size).toBe(42);
    for (const { module, rank, loraA, loraB } of [
      elementAt(adapters, 0),
      elementAt(adapters, 20),
    ]) {
      const { path, inFeatures } = elementAt(modules, module);
      const before = dequantise(model.compiled.weightOf(module));
      const after = dequantise(merged.compiled.weightOf(module));
      expect(toFloat32(defined(tensors.get(`${path}.weight`)))).toEqual(after);
      for (const i of [0, 1, inFeatures + 3]) {
        const row = Math.floor(i / inFeatures);
        const column = i % inFeatures;
        const delta = Array.from(
          { length: rank },
          (_, r) => loraB[row * rank + r]! * loraA[r * inFeatures + column]!,
        ).reduce((x, y) => x + y);
        expect(after[i]).toBeCloseTo(before[i]! + (1 + module / 10) * delta, 5);
      }
    }
    expect(dequantise(merged.compiled.weightOf(0))).toEqual(dequantise(model.compiled.weightOf(0)));
  });

  it('applies, evaluates and merges a head adapter, and refuses to train one', async () => {
    const places = adapterPlaces(model.compiled);
    const head = elementAt(places, -1);
    const wave = (count: number, scale: number) =>
      Float32Array.from({ length: count }, (_, i) => Math.sin(1 + i) * scale);
    const own = {
      module: head.index,
      rank: 3,
      loraA: wave(3 * head.inFeatures, 1),
      loraB: wave(3 * head.outFeatures, 0.1),
    };
    const to = {
      adapter: join(folder, 'head'),
      layers: join(folder, 'no-head'),
      merged: join(folder, 'head-merged'),
      ranks: join(folder, 'head.json'),
    };
    for (const [path, values] of [
      [to.adapter, [...adapters, own]],
      [to.layers, adapters],
    ] as const) {
      mkdirSync(path);
      for (const [name, bytes] of exportPeft({
        modules: places,
        adapters: values,
        scale: () => 2,
        baseModel: 'atlas',
        taskType: 'CAUSAL_LM',
      }))
        writeFileSync(join(path, name), bytes);
    }

    const printed = await cli('import', to.adapter, '--out', to.ranks);
    expect(printed.out).toMatch(
      /^42 of 56 modules and lm_head adapted, \d+ parameters, mean rank 1\.5\./,
    );
    expect(printed.out).toMatch(/lm_head +3 +2 +6720/);
    const ids = ['--ids', '[[1,5,9,100,7,31,2,64]]'];
    const losses = async (...args: string[]) =>
      JSON.parse((await cli('eval', ...args, '--json')).out) as { base: number; adapted: number };
    const { adapted } = await losses(to.adapter, ...ids);
    const layers = await losses(to.layers, ...ids);
    expect((await cli('export', to.adapter, '--out-model', to.merged)).code).toBe(0);
    expect((await losses(to.adapter, ...ids, '--model', to.merged)).base).toBeCloseTo(adapted, 4);
    expect(Math.abs(adapted - layers.adapted)).toBeGreaterThan(0.01);
    for (const args of [
      ['train', 'lora', '--from', to.adapter],
      ['train', 'lora', '--ranks', to.ranks],
      ['run', 'race', '--adapter', to.adapter, '--set', 'race.entries=["imported","uniform"]'],
    ]) {
      expect(await cli(...args)).toMatchObject({
        code: 2,
        err: expect.stringContaining(
          'An adapter of lm_head can be applied, evaluated and exported, but not trained.',
        ) as string,
      });
    }
  });

  it('creates an untrained adapter with the ranks of a result', async () => {
    const result = join(folder, 'result.json');
    const to = join(folder, 'fresh.zip');
    expect(
      (
        await cli(
          'run',
          'jacobian',
          '--ids',
          '[[1,2,3,4,5,6,7,8]]',
          '--set',
          'method.repeats=2',
          '--threads',
          '1',
          '--out',
          result,
        )
      ).code,
    ).toBe(0);
    expect((await cli('export', result, '--out', to)).out).toContain('untrained');
    const ranks = (
      JSON.parse(readFileSync(result, 'utf8')) as { modules: { rank: number }[] }
    ).modules.map((m) => m.rank);
    const report = JSON.parse((await cli('import', to, '--json')).out) as {
      modules: { rank: number; scale: number | null }[];
    };
    expect(report.modules.map((m) => m.rank)).toEqual(ranks);
    expect(defined(report.modules.find((m) => m.rank > 0)).scale).toBeCloseTo(2, 6);
    expect((await cli('export', result, '--out-model', join(folder, 'no'))).err).toContain(
      'no trained adapter to merge',
    );
  });

  const pair = (into: string, { config = files, weights = files } = {}) => ({
    [`${into}adapter_config.json`]: defined(config.get('adapter_config.json')),
    [`${into}adapter_model.safetensors`]: defined(weights.get('adapter_model.safetensors')),
  });
  /** The adapter of an earlier training step: same modules, other ranks and values. */
  const early = exportPeft({
    modules,
    adapters: initialAdapters(
      6,
      modules,
      modules.map(() => 2),
    ),
    scale: () => 9,
    baseModel: 'atlas',
    taskType: 'CAUSAL_LM',
  });
  const zipped = (name: string, content: Record<string, Uint8Array>) => {
    const path = join(folder, name);
    writeFileSync(path, zipSync(content));
    return path;
  };
  const weightsAgain = async (from: string, to: string): Promise<Buffer> => {
    const { code, err } = await cli('export', from, '--out', join(folder, to));
    expect([code, err]).toEqual([0, '']);
    return readFileSync(join(folder, to, 'adapter_model.safetensors'));
  };

  it('selects the adapter at the top level of a zip or folder with checkpoints', async () => {
    const late = { config: early, weights: early };
    const output = zipped('output.zip', {
      ...pair('out/checkpoint-1/', late),
      ...pair('out/'),
      ...pair('out/checkpoint-2/', late),
    });
    const finished = Buffer.from(defined(files.get('adapter_model.safetensors')));
    expect((await weightsAgain(output, 'finished')).equals(finished)).toBe(true);
    expect(
      (await weightsAgain(join(output, 'out', 'checkpoint-2'), 'step')).equals(
        Buffer.from(defined(early.get('adapter_model.safetensors'))),
      ),
    ).toBe(true);

    const tree = join(folder, 'tree');
    for (const [name, content] of Object.entries({
      ...pair('run/'),
      ...pair('run/checkpoint-1/', late),
    })) {
      mkdirSync(join(tree, name, '..'), { recursive: true });
      writeFileSync(join(tree, name), content);
    }
    expect((await weightsAgain(tree, 'from-tree')).equals(finished)).toBe(true);
  });

  it('requires a choice among several adapters, and never mixes settings and weights of two', async () => {
    const several = zipped('several.zip', {
      'a/adapter_model.safetensors': defined(files.get('adapter_model.safetensors')),
      ...pair('b/', { config: early, weights: early }),
      'a/adapter_config.json': defined(files.get('adapter_config.json')),
    });
    for (const [args, message] of [
      [['import', several], 'several.zip/a'],
      [['eval', several], 'several.zip/b'],
      [['generate', 'x', '--adapter', several], 'several.zip/a'],
      [
        [
          'import',
          zipped('apart.zip', {
            'adapter_config.json': defined(files.get('adapter_config.json')),
            ...pair('deep/'),
          }),
        ],
        'apart.zip/deep',
      ],
      [
        [
          'import',
          zipped('halves.zip', {
            'a/adapter_config.json': defined(files.get('adapter_config.json')),
            'b/adapter_model.safetensors': defined(files.get('adapter_model.safetensors')),
          }),
        ],
        'in the same folder',
      ],
    ] as const) {
      const { code, err } = await cli(...args);
      expect(code, args.join(' ')).toBe(2);
      expect(err).toContain(message);
    }
    expect(JSON.parse((await cli('import', `${several}/a`, '--json')).out)).toMatchObject({
      notes: [],
      modules: modules.map((m) => ({ path: m.path, rank: m.index % 4 })),
    });
  });

  it('reads a zip made on Windows, also in eval, and reports the ignored files', async () => {
    const settings = JSON.parse(
      new TextDecoder().decode(files.get('adapter_config.json')),
    ) as object;
    const odd = new Map(files).set(
      'adapter_config.json',
      new TextEncoder().encode(JSON.stringify({ ...settings, use_later_idea: 1 })),
    );
    const path = zipped(
      'windows.zip',
      pair('out\\', { config: odd as typeof files, weights: files }),
    );
    const args = ['--json', '--set', 'training.length=16', '--set', 'training.heldSequences=2'];
    const { code, out, err } = await cli('eval', path, ...args);
    expect(code).toBe(0);
    expect(err).toContain('"use_later_idea"');
    const { notes, ...loss } = JSON.parse(out) as { notes: string[] };
    expect(notes).toEqual([expect.stringContaining('use_later_idea')]);
    expect(loss).toEqual(JSON.parse((await cli('eval', zip, ...args)).out));
  });

  it('eval and generate refuse an adapter whose numbers overflow, instead of returning NaN', async () => {
    const huge = join(folder, 'huge');
    const files = exportPeft({
      modules,
      adapters,
      scale: () => 2e38,
      baseModel: 'atlas',
      taskType: 'CAUSAL_LM',
    });
    mkdirSync(huge);
    for (const [name, bytes] of files) writeFileSync(join(huge, name), bytes);
    const why = 'With this adapter, the outputs of the model are not finite';
    for (const args of [
      ['eval', huge, '--ids', '[[1,5,9,100]]'],
      ['generate', 'The', '--adapter', huge],
    ]) {
      const { code, err } = await cli(...args, '--threads', '1');
      expect({ code, said: err.includes(why) }).toEqual({ code: 2, said: true });
    }
  });

  it('refuses with an error, and writes nothing', async () => {
    const broken = join(folder, 'broken.zip');
    const half = join(folder, 'half.zip');
    const to = join(folder, 'never');
    writeFileSync(broken, 'no zip');
    writeFileSync(
      half,
      zipSync({ 'adapter_config.json': defined(files.get('adapter_config.json')) }),
    );
    for (const args of [
      ['import', broken],
      ['import', half],
      ['import', join(folder, 'nothing')],
      ['export', zip],
      ['export', broken, '--out', to],
      ['export', join(folder, 'nothing.json'), '--out', to],
    ]) {
      const { code, out, err } = await cli(...args);
      expect([code, out], args.join(' ')).toEqual([2, '']);
      expect(err).toMatch(/^rank-atlas: .+[.)]\n$/);
    }
    expect(existsSync(to)).toBe(false);
  });
});
