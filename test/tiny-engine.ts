/** The tiny decoder on the CPU: an engine and its model facts, as studies receive them. */
import type { CompiledModel } from '../src/compiler/compiled.ts';
import { compile } from '../src/compiler/index.ts';
import { createEngine, type CutEngine } from '../src/engine/cut-engine.ts';
import { cpuBackend } from '../src/engine/backends/test-backends.ts';
import type { ModelFacts } from '../src/studies/map/events.ts';
import { tinyDecoderGraph } from './tiny-decoder.ts';

export const tinyFacts = ({
  dialect,
  layers,
  hidden,
  vocab,
  modules,
}: CompiledModel): ModelFacts => ({
  id: 'files:tiny',
  title: 'Tiny',
  hash: '0'.repeat(64),
  dialect,
  layers,
  hidden,
  vocab,
  bytes: 0,
  modules,
});

export async function openTiny(
  memoryBudgetBytes = 5e8,
): Promise<{ engine: CutEngine; model: ModelFacts }> {
  const compiled = compile(tinyDecoderGraph({ weights: 'q4' }));
  const engine = createEngine({
    model: compiled,
    backend: await cpuBackend(1),
    memoryBudgetBytes,
  });
  return { engine, model: tinyFacts(compiled) };
}
