/** Everything that studies fetch while they work, so that it is there without a connection. */
import { STUDIES, studies } from '../studies/registry.ts';

/** What the engine and the host import when it is first needed on the CPU; a GPU adds its own. */
const parts: (() => Promise<unknown>)[] = [
  ...STUDIES.map((study) => () => studies[study].run()),
  () => import('./elsewhere.ts'),
  () => import('./svd-threads.ts'),
  () => import('../engine/trainer.ts'),
  () => import('../engine/generation.ts'),
  () => import('../engine/gradient-statistics.ts'),
  () => import('../engine/sparsity.ts'),
  () => import('../engine/masked-weights.ts'),
  () => import('../engine/device-adapters.ts'),
  () => import('../engine/host-gradients.ts'),
  () => import('../engine/wasm-training.ts'),
  () => import('../engine/wasm-sparse.ts'),
  () => import('../engine/nf4-model.ts'),
  () => import('../engine/float-model.ts'),
  () => import('../studies/compress/export.ts'),
  () => import('../model/training-memory.ts'),
];

export async function fetchStudyParts(): Promise<void> {
  for (const fetchPart of parts) await fetchPart();
}
