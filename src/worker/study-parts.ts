/** Fetches all code that studies load on demand, so that it is available offline. */
import { importanceOf, IMPORTANCES } from '../methods/importance/registry.ts';
import { OTHER_ENTRIES, otherEntries } from '../studies/race/entries.ts';
import { STUDIES, studyOf } from '../studies/registry.ts';

/** The modules that the engine and the host import on demand on the CPU. WebGPU imports its own. */
const parts: (() => Promise<unknown>)[] = [
  ...STUDIES.map((study) => async () => {
    const { code, need, makes } = studyOf(study);
    await Promise.all([code(), need?.(), makes?.share()]);
  }),
  ...IMPORTANCES.map((name) => () => importanceOf(name).code()),
  ...OTHER_ENTRIES.map((name) => () => otherEntries[name].code()),
  () => import('./remote-models.ts'),
  () => import('../model/remote/opfs-store.ts'),
  () => import('../studies/base.ts'),
  () => import('../studies/derived-base.ts'),
  () => import('../studies/saved-adapter.ts'),
  () => import('./picture.ts'),
  () => import('../model/picked-files.ts'),
  () => import('../adapters/peft.ts'),
  () => import('../methods/training.ts'),
  () => import('./svd-threads.ts'),
  () => import('../compiler/backward.ts'),
  () => import('../compiler/decode.ts'),
  () => import('../compiler/short.ts'),
  () => import('../engine/check/short-original.ts'),
  () => import('../engine/train/training-self-test.ts'),
  () => import('../engine/train/trainer.ts'),
  () => import('../engine/generate/generation.ts'),
  () => import('../engine/gradients/gradient-statistics.ts'),
  () => import('../engine/sparse/sparsity.ts'),
  () => import('../engine/adapters/masked-weights.ts'),
  () => import('../engine/adapters/device-adapters.ts'),
  () => import('../engine/gradients/host-gradients.ts'),
  () => import('../engine/backends/held-model.ts'),
  () => import('../engine/backends/cpu-training.ts'),
  () => import('../engine/backends/cpu-sparse.ts'),
  () => import('../engine/pieces/nf4-model.ts'),
  () => import('../engine/pieces/float-model.ts'),
  () => import('../studies/compress/export.ts'),
  () => import('../studies/prune/export.ts'),
  () => import('../model/training-memory.ts'),
];

export async function fetchStudyParts(): Promise<void> {
  for (const fetchPart of parts) await fetchPart();
}
