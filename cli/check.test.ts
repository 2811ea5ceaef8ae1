/** Tests the loss and gradients of `rank-atlas check --grad --dump` against PyTorch. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { defined } from '../src/checked.ts';
import { readSafetensors, toFloat32 } from '../src/model/safetensors.ts';
import { cli } from '../test/cli.ts';
import { fixturePath } from '../test/fixtures.ts';
import { openTensors, productGradient } from '../test/tensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'rank-atlas-check-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the gradients that check writes', { timeout: 120_000 }, () => {
  it.each([
    ['llama/onnx/model_q4.onnx', 'llama_q4'],
    ['gpt2/onnx/model.onnx', 'gpt2'],
  ])('%s', async (file, name) => {
    const reference = openTensors(fixturePath('references', `${name}.safetensors`));
    const {
      data,
      dims: [rows, length],
    } = reference('a.input_ids');
    const ids = Array.from({ length: defined(rows) }, (_, r) =>
      Array.from(data).slice(r * defined(length), (r + 1) * defined(length)),
    );
    const to = join(folder, `${name}.safetensors`);
    expect(
      await cli(
        'check',
        fixturePath('exports', file),
        '--ids',
        JSON.stringify(ids),
        '--dump',
        to,
        '--grad',
        '--threads',
        '1',
      ),
    ).toMatchObject({ code: 0 });
    const { tensors } = readSafetensors(readFileSync(to), 'dump');
    const names = [...tensors.keys()].filter((key) => key.startsWith('grad_'));
    expect(names).toContain('grad_weight.lm_head');
    expect(names).toContain('grad_resid.0');
    for (const key of names) {
      const path = /^grad_weight\.(.*)/.exec(key)?.[1];
      const { dims, data: right } = path
        ? productGradient(reference(`a.x.${path}`), reference(`a.dy.${path}`))
        : reference(`a.${key}`);
      const own = toFloat32(defined(tensors.get(key)));
      const largest = Math.max(...Array.from(right, Math.abs));
      expect(defined(tensors.get(key)).shape, key).toEqual(dims);
      own.forEach((g, i) => {
        if (!(Math.abs(g - right[i]!) < 1e-5 * largest))
          throw new Error(`${key}[${i}] is ${g}, PyTorch's ${right[i]}`);
      });
    }
  });
});
