/**
 * `made-up.ts FOLDER`: writes missing weight files, with made-up values, for all graphs (`*.onnx`)
 * in a directory and its subdirectories. A model's speed does not depend on its values, and a graph
 * is a hundredth of the size of its weights.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { defined } from '../src/checked.ts';
import { decodeMessage, modelProto } from '../src/onnx/proto.ts';

/** The file and end offset of each initialiser that is stored outside the graph. */
function externalRanges(graph: Uint8Array): { file: string; end: number }[] {
  return defined(decodeMessage(modelProto, graph).graph)
    .initializer.filter(({ externalData }) => externalData.length > 0)
    .map(({ externalData }) => {
      const entry = (key: string) => externalData.find((e) => e.key === key)?.value;
      return {
        file: defined(entry('location')),
        end: Number(entry('offset') ?? 0) + Number(entry('length')),
      };
    });
}

/** A weight file of the length that the graph needs. Read as float32, its values are small. */
export function madeUpData(graph: Uint8Array, file: string): Uint8Array {
  const bytes = Math.max(
    0,
    ...externalRanges(graph)
      .filter((s) => s.file === file)
      .map(({ end }) => end),
  );
  return new Uint8Array(
    Float32Array.from({ length: Math.ceil(bytes / 4) }, (_, i) => 0.01 + (i % 997) * 1e-5).buffer,
  );
}

if (process.argv[1] === import.meta.filename) {
  const folder = resolve(process.argv[2] ?? '.');
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.onnx'),
  )) {
    const graph = readFileSync(join(folder, path));
    for (const file of new Set(externalRanges(graph).map((s) => s.file))) {
      const target = join(folder, dirname(path), file);
      if (!existsSync(target)) writeFileSync(target, madeUpData(graph, file));
    }
  }
}
