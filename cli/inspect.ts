/** `rank-atlas inspect`: prints dialect, quantisation and modules of a model without running it. */
import type { WeightFormat } from '../src/compiler/modules.ts';
import type { Command } from './options.ts';
import { loadTyped } from './model-files.ts';

export const inspect: Command = async (path, options) => {
  const { compiled, open } = await loadTyped(path, options);
  const modules = compiled.modules.map((m) => ({
    path: m.path,
    layer: m.layer,
    role: m.role,
    shape: [m.outFeatures, m.inFeatures],
    format: describeFormat(m.format),
    bits: bitsOf(m.format),
    block: 'block' in m.format ? m.format.block : null,
    bias: m.hasBias,
    bytes: m.bytes,
  }));
  const report = {
    file: open.graphFile,
    dialect: compiled.dialect,
    quantisation: [...new Set(modules.map((m) => m.format))],
    layers: compiled.layers,
    hidden: compiled.hidden,
    vocab: compiled.vocab,
    bytes: open.bytes,
    hash: open.hash,
    modules,
    roundsActivations: compiled.roundsActivations,
  };
  if (options.json) {
    console.log(JSON.stringify(report, null, 2));
    return 0;
  }
  console.log(
    `${report.file}: ${report.dialect} export, ${report.layers} layers, width ${report.hidden}, ${report.vocab} tokens, ${modules.length} modules`,
  );
  console.log(
    `${report.quantisation.join(', ')}; ${(report.bytes / 1e6).toFixed(1)} MB; sha-256 ${report.hash}`,
  );
  if (report.roundsActivations)
    console.log(
      'The export rounds activations to 8 bits. Rank Atlas computes them in float32, so its results differ slightly.',
    );
  const width = Math.max(...modules.map((m) => m.path.length), 6);
  console.log(
    `\n${'module'.padEnd(width)}  ${'out × in'.padStart(13)}  ${'format'.padEnd(18)}  bias  ${'bytes'.padStart(10)}`,
  );
  for (const m of modules) {
    console.log(
      `${m.path.padEnd(width)}  ${m.shape.join(' × ').padStart(13)}  ${m.format.padEnd(18)}  ${m.bias ? 'yes ' : 'no  '}  ${String(m.bytes).padStart(10)}`,
    );
  }
  return 0;
};

function bitsOf(format: WeightFormat): number {
  switch (format.kind) {
    case 'nbits':
      return format.bits;
    case 'bnb4':
      return 4;
    case 'linear':
      return format.bits;
    case 'int8':
      return 8;
    case 'float16':
      return 16;
    case 'float32':
      return 32;
  }
}

function describeFormat(format: WeightFormat): string {
  switch (format.kind) {
    case 'nbits':
      return `int${format.bits}, block ${format.block}`;
    case 'linear':
      return format.block === null
        ? `int${format.bits}`
        : `int${format.bits}, block ${format.block}`;
    case 'bnb4':
      return `${format.codebook}, block ${format.block}`;
    default:
      return format.kind;
  }
}
