/**
 * Writes a model with more than 2 GB of synthetic weights as two files, by the same code as
 * `rank-atlas export`, and reads it back. Native onnxruntime (Python, `RANK_ATLAS_PYTHON` or
 * python3) runs it if installed; otherwise the test prints a warning. Needs 3 GB of disk and 8 GB
 * of memory.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { defined } from '../checked.ts';
import { writeModelFolder } from '../../cli/model-folder.ts';
import { nodeFiles } from '../model/node-files.ts';
import { openModel } from '../model/repository.ts';
import type { Graph, Node, Tensor } from './graph.ts';
import { writeModel } from './write-model.ts';

/** A chain of 9 matrix products of size WIDTH × WIDTH: 2.26 GB of weights. */
const LAYERS = 9;
const WIDTH = 7936;

const folder = mkdtempSync(join(tmpdir(), 'rank-atlas-large-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** y = x W₁ … W₉. Each W is a multiple of the identity plus one entry in a corner. */
function large(): Graph {
  const initialisers = new Map<string, Tensor>();
  const nodes: Node[] = [];
  for (let i = 0; i < LAYERS; i++) {
    const values = new Float32Array(WIDTH * WIDTH);
    const name = `w${i}`;
    for (let j = 0; j < WIDTH; j++) values[j * WIDTH + j] = 1 + i / 100;
    values[WIDTH * WIDTH - WIDTH] = 0.5;
    initialisers.set(name, {
      name,
      type: 'float32',
      dims: [WIDTH, WIDTH],
      bytes: new Uint8Array(values.buffer),
    });
    nodes.push({
      name: `n${i}`,
      op: 'MatMul',
      domain: '',
      inputs: [i === 0 ? 'x' : `y${i - 1}`, name],
      outputs: [i === LAYERS - 1 ? 'y' : `y${i}`],
      attributes: new Map(),
    });
  }
  const dims = [1, WIDTH];
  return {
    file: 'model.onnx',
    producer: 'test',
    irVersion: 8,
    opsets: new Map([['', 17]]),
    nodes,
    initialisers,
    inputs: [{ name: 'x', type: 'float32', dims }],
    outputs: [{ name: 'y', type: 'float32', dims }],
  };
}

const RUN = `
import sys, numpy as np, onnxruntime as ort
s = ort.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
y = s.run(None, {"x": np.ones((1, ${WIDTH}), np.float32)})[0][0]
print(y[0], y[1])
`;

const python = process.env.RANK_ATLAS_PYTHON ?? 'python3';
const native = spawnSync(python, ['-c', 'import onnxruntime']).status === 0;
if (!native) console.warn('no onnxruntime for Python here: the large model is only read back');

test('a model over 2 GB lies in two files, which are read back whole and run', async () => {
  const written = await writeModelFolder(folder, writeModel(large(), 'onnx/model.onnx'), {
    companionFiles: [],
  });
  const path = join(folder, 'onnx/model.onnx');
  expect([...written.keys()]).toEqual([path, `${path}_data`]);
  expect(statSync(path).size).toBeLessThan(10_000);
  expect(statSync(`${path}_data`).size).toBeGreaterThan(2 ** 31);

  const { external, bytes } = await openModel(await nodeFiles(folder));
  const data = defined(external.get('model.onnx_data'));
  expect(bytes).toBe(statSync(path).size + statSync(`${path}_data`).size);
  const last = new DataView(data.buffer, data.byteOffset + data.byteLength - 4 * WIDTH);
  expect(last.getFloat32(0, true)).toBe(0.5);
  expect(last.getFloat32(4 * (WIDTH - 1), true)).toBeCloseTo(1 + (LAYERS - 1) / 100, 6);

  if (!native) return;
  const [corner, plain] = execFileSync(python, ['-c', RUN, path], { encoding: 'utf8' })
    .trim()
    .split(' ')
    .map(Number);
  // The input is all ones. Every output but the first is the product of the diagonals; the first
  // also gains half of the last input at each product.
  const scales = Array.from({ length: LAYERS }, (_, i) => 1 + i / 100);
  let [first, other] = [1, 1];
  for (const s of scales) [first, other] = [first * s + other * 0.5, other * s];
  expect(plain).toBeCloseTo(other, 3);
  expect(corner).toBeCloseTo(first, 3);
});
