/**
 * Tests SmolLM2-135M on a text with the digits of all scripts, against tokenizers 0.23.3 and
 * onnxruntime in Python. Slow: 135 M parameters.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cli, set } from '../test/cli.ts';
import { hasShared, sharedPath } from '../test/shared.ts';

test.skipIf(!hasShared)('SmolLM2 on digits of all scripts', { timeout: 600_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rank-atlas-'));
  try {
    execFileSync(process.execPath, [sharedPath('models', 'assemble.mjs'), folder]);
    const adapter = sharedPath('reference', 'smollm2', 'peft_adapter');
    const text = sharedPath('cases', '02-tokenizer-digits', 'sm.txt');
    const { code, out, err } = await cli(
      'eval',
      adapter,
      '--model',
      join(folder, 'SmolLM2-135M-Instruct-ONNX'),
      '--text',
      text,
      '--json',
      ...set(['training.length=64', 'training.heldSequences=2']),
    );
    expect(code, err).toBe(0);
    expect((JSON.parse(out) as { base: number }).base).toBeCloseTo(3.845, 3);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
