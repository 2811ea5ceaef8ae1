/**
 * The packed library in projects of others: the examples in `examples/`, run by Node and built by
 * Vite, and those of `docs/library.md`, as a user would after `npm install rank-atlas`.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { preview } from 'vite';
import { elementAt } from '../src/checked.ts';
import { readPeftConfig } from '../src/adapters/peft-config.ts';
import { readGraph } from '../src/onnx/read.ts';
import { blocksOf } from '../test/guide.ts';
import { expect, test } from './test.ts';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'rank-atlas-package-'));
const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  devDependencies: Record<string, string>;
};

/** A project of its own with an example in it and the packed library installed. */
async function project(example: string, ...packages: string[]): Promise<string> {
  const cwd = join(folder, example);
  cpSync(join(root, 'examples', example), cwd, { recursive: true });
  writeFileSync(join(cwd, 'package.json'), '{"type":"module","private":true}');
  const packed = elementAt(
    readdirSync(folder).filter((file) => file.endsWith('.tgz')),
    0,
  );
  const options = ['--prefer-offline', '--no-audit', '--no-fund'];
  await run('npm', ['install', ...options, join(folder, packed), ...packages], { cwd });
  return cwd;
}

/** `training loss 3.57 → 0.23`: both, in nats per token. */
const lossesIn = (text: string) =>
  elementAt([...text.matchAll(/training loss ([\d.]+) → ([\d.]+)/g)], 0)
    .slice(1)
    .map(Number) as [number, number];

test.describe.configure({ mode: 'serial' });
test.beforeAll(async () => {
  test.setTimeout(300_000);
  await run('npm', ['pack', '--pack-destination', folder], { cwd: root });
});
test.afterAll(() => rmSync(folder, { recursive: true, force: true }));

let losses: [number, number];

test('in Node: ranks of every module, a lower loss, a PEFT adapter', async () => {
  test.setTimeout(300_000);
  const cwd = await project('node');
  const { stdout } = await run(process.execPath, ['main.mjs'], { cwd });
  expect(stdout.match(/^model\.layers\.\d\.\S+: rank \d+$/gm)).toHaveLength(56);
  losses = lossesIn(stdout);
  expect(losses[1]).toBeLessThan(losses[0] / 2);
  const config = readPeftConfig(readFileSync(join(cwd, 'adapter', 'adapter_config.json')));
  expect(config.baseModel).toBe('rank-atlas/atlas-3m');
});

test('the examples of docs/library.md run, one after the other', async () => {
  test.setTimeout(300_000);
  const cwd = join(folder, 'node');
  const example = readFileSync(join(cwd, 'main.mjs'), 'utf8');
  const blocks = blocksOf('docs/library.md').filter(({ language }) => language === 'js');
  const program = [
    example.slice(0, example.indexOf('const { importances }')),
    "const otherText = 'It was the season of Light, it was the season of Darkness. '.repeat(40);",
    ...blocks.map(({ text }) => text),
    'console.log(continued.losses.at(-1)); await model.dispose();',
  ];
  writeFileSync(join(cwd, 'documented.mjs'), program.join('\n'));
  const env = { ...process.env, FORCE_COLOR: '0' };
  const { stdout } = await run(process.execPath, ['documented.mjs'], { cwd, env });
  const lines = stdout.trim().split('\n');
  expect(lines.slice(0, 3).map((line) => line.split(' ')[0])).toEqual(['0', '10', '20']);
  const [names, weights] = lines.slice(3, 5) as [string, string];
  expect(names).toBe('x dy dx tap0 tap1 tap2 tap3 grad0 grad1 grad2 grad3 grad4 grad5 grad6');
  expect(weights).toMatch(/^w0: uint4 \[192,512\],w1: float32 \[192,16\],/);
  const file = 'layer0-backward.onnx';
  const piece = await readGraph(readFileSync(join(cwd, file)), { file });
  expect(piece.outputs.map(({ name }) => name)).toEqual(names.split(' ').slice(2));
  // The adapter of the first test, read from its files.
  const [imported, continued] = lines.slice(5).map(Number) as [number, number];
  expect(Math.abs(imported - losses[1])).toBeLessThan(1e-5);
  expect(continued).toBeLessThan(imported);
});

test('types are found by a strict project', async () => {
  const cwd = join(folder, 'node');
  writeFileSync(
    join(cwd, 'probe.ts'),
    `import { bundledModel, openModel } from 'rank-atlas';
import type { MethodName, MeasureOptions, RankRule, Rounding, Schedule } from 'rank-atlas';
import { compile } from 'rank-atlas/compiler';
const name: MethodName = 'jacobian';
const options: MeasureOptions = { method: { name, repeats: 2 } };
const rounding: Rounding = 'exact';
const rule: RankRule = { meanRank: 4, rounding, unit: 'ranks', rMin: 0, rMax: 8 };
const schedule: Schedule = { peak: 1e-3, warmup: 0.03, decay: 'cosine' };
// @ts-expect-error not a method
const wrong: MethodName = 'magic';
const model = await openModel(bundledModel());
const path: string = model.modules[0]!.path;
// @ts-expect-error a path is no number
const number: number = model.modules[0]!.path;
void [compile, path, number, options, rule, schedule, wrong];
`,
  );
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const options = '--noEmit --strict --target es2022 --module nodenext --lib es2023,dom'.split(' ');
  await run(process.execPath, [tsc, ...options, 'probe.ts'], { cwd });
});

test('on a page that Vite built: the same losses, two files to save', async ({ page }) => {
  test.setTimeout(300_000);
  const cwd = await project('page', `vite@${devDependencies.vite}`);
  await run('npx', ['vite', 'build'], { cwd });
  const server = await preview({ root: cwd, configFile: false, preview: { port: 0 } });
  try {
    await page.goto(elementAt(server.resolvedUrls?.local ?? [], 0));
    await expect
      .poll(() => page.locator('output').textContent(), { timeout: 200_000 })
      .toContain('training loss');
    const [before, after] = lossesIn((await page.locator('output').textContent()) ?? '');
    expect(Math.abs(before - losses[0])).toBeLessThan(1e-5);
    expect(Math.abs(after - losses[1])).toBeLessThan(1e-3);
    await expect
      .poll(() => page.locator('a').allTextContents(), { timeout: 10_000 })
      .toEqual(['adapter_config.json', 'adapter_model.safetensors']);
  } finally {
    await server.close();
  }
});
