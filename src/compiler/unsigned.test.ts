/** Pieces with int8 weights as uint8 give bit-identical results, in every kind of piece. */
import { expect, test, vi } from 'vitest';
import { elementAt } from '../checked.ts';
import { runPiece, type Result } from '../../test/pipeline.ts';
import { quantisedDecoder } from '../../test/quantised-forms.ts';
import { tiny } from '../../test/tiny-decoder.ts';
import { readGraph } from '../onnx/read.ts';
import { writeGraph } from '../onnx/write.ts';
import { compile } from './index.ts';
import { unsigned } from './unsigned.ts';

vi.setConfig({ testTimeout: 60_000 });

// Blocks along either axis, with and without zero points, and one scale per column.
const forms = [0, 1].flatMap((axis) =>
  [true, false].map(
    (zeros) => ({ op: 'linear', type: 'int8', axis: axis as 0 | 1, block: 16, zeros }) as const,
  ),
);

test.each([...forms, { ...elementAt(forms, 0), block: 64 }])(
  'uint8 weights give the values of int8: blocks of $block along axis $axis, zero points: $zeros',
  async (form) => {
    const model = compile(
      await readGraph(writeGraph(quantisedDecoder(form).quantised), { file: 'tiny' }),
    );
    const wave = (phase: number): Result => ({
      dims: [2, 3, tiny.hidden],
      data: Float32Array.from({ length: 6 * tiny.hidden }, (_, i) => Math.sin(phase + 1.7 * i)),
    });
    for (const variant of ['opened', 'backward'] as const) {
      const piece = await model.block(1, 2, 3, variant);
      const turned = await unsigned(piece);
      const given = piece.inputs.map((_, i) => wave(i));
      const types = (weights: typeof piece.weights) =>
        new Set([...weights.values()].map((w) => w.type));
      expect(types(piece.weights)).toContain('int8');
      expect(types(turned.weights)).not.toContain('int8');
      expect(
        (await readGraph(turned.model, { file: 'piece' })).inputs.map((i) => i.type),
      ).not.toContain('int8');
      expect(await runPiece(turned, given)).toEqual(await runPiece(piece, given));
    }
  },
);
