/**
 * The compress study (Compress to Impress): removes singular components where that improves the
 * task.
 */
import type { Study } from '../contract.ts';
import type { CompressState } from './state.ts';

/** The file of a bundled task, below `public/`. */
export const taskFile = (id: string): string => `tasks/${id}.json`;

export const compress: Study<CompressState> = {
  order: 6,
  code: async () => {
    const [{ runCompress }, { reduceCompress, compressProgress }] = await Promise.all([
      import('./run.ts'),
      import('./state.ts'),
    ]);
    return { run: runCompress, reduce: reduceCompress, progress: compressProgress };
  },
  uses: () => ['model', 'bos', 'seed', 'training'],
  trains: true,
  takesAdapter: () => false,
  texts: ({ text, training }) => [text, training.train, training.held],
  files: ({ compress: { task } }) => (task.kind === 'set' ? [taskFile(task.id)] : []),
  makes: {
    base: 'compressed',
    decidedBy: /^(bos$|compress\.(?!checks|laser|plain))/,
    share: async () => (await import('./base-share.ts')).compressedShare,
  },
};
