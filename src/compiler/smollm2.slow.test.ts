/** SmolLM2-135M in both dialects: the cut pipeline against PyTorch's logits and the untouched export. Minutes, not seconds. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { difference, openModel, readModel, runCut, runUntouched } from '../../test/pipeline.ts';
import { hasShared, sharedPath } from '../../test/shared.ts';
import { openTensors } from '../../test/tensors.ts';
import { compile } from './index.ts';

describe.skipIf(!hasShared)('SmolLM2-135M', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'rank-atlas-'));
    execFileSync(process.execPath, [sharedPath('models', 'assemble.mjs'), folder], { stdio: 'ignore' });
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const tokens = () => {
    const ids = [...openTensors(sharedPath('reference', 'smollm2', 'forward.safetensors'))('hamlet.input_ids').data];
    return { ids, batch: 1, length: ids.length };
  };

  test('optimum, q4: logits of the reference', async () => {
    const reference = openTensors(sharedPath('reference', 'smollm2', 'forward.safetensors')), { ids, batch, length } = tokens();
    const model = compile(await readModel(join(folder, 'SmolLM2-135M-Instruct-ONNX', 'onnx', 'model_q4.onnx')));
    const { logits } = await runCut(model, { ids, batch, length });
    expect(difference(reference('hamlet.last_logits').data, logits.data.subarray((length - 1) * model.vocab))).toBeLessThan(2e-3);
    const best = reference('hamlet.top10_ids').data, values = reference('hamlet.top10_logits').data;
    best.forEach((id, i) => expect(Math.abs(logits.data[Math.floor(i / 10) * model.vocab + id]! - values[i]!)).toBeLessThan(2e-3));
  }, 300_000);

  test('genai, q4f16: logits of the untouched export', async () => {
    const path = sharedPath('models', 'SmolLM2-135M-Instruct-genai-q4f16', 'model.onnx'), graph = await readModel(path), model = compile(graph);
    const { bytes, external } = openModel(path), { logits } = await runCut(model, tokens());
    const untouched = await runUntouched(graph, bytes, external, tokens(), model.headDim!);
    // Its activations are half floats, ours are not; logits reach 35.
    expect(difference(untouched.data, logits.data)).toBeLessThan(0.25);
  }, 300_000);
});
