/** Passes picked or dropped files to the picker, which inspects them before anything is loaded. */
import { AtlasError } from '../../errors.ts';
import { SeveralAdapters } from '../../adapters/peft-files.ts';
import { graphsIn } from '../../model/companion-files.ts';
import { pickedFiles, type PickedFile } from '../../model/picked-files.ts';
import { useModel } from '../../state/model-store.ts';
import { failureOf, inspectModel } from '../../state/engine.ts';
import { useView } from '../../state/view-store.ts';
import { isAdapter, openAdapter } from '../export/peft-zip.ts';

/** Inspects files that the visitor picked or dropped. Adapters are imported instead. */
export async function offerFiles(files: Promise<PickedFile[]> | PickedFile[]): Promise<void> {
  const { set } = useModel.getState();
  try {
    const found = await files;
    if (isAdapter(found)) return await offerAdapter(found);
    const graph = found.find((f) => f.path.endsWith('.onnx'))?.path ?? found[0]?.path ?? '';
    const name = graph.includes('/') ? graph.slice(0, graph.indexOf('/')) : graph;
    const source = { kind: 'files', files: found } as const;
    await inspectModel(source, name);
    const { candidate } = useModel.getState();
    if (candidate?.source === source && candidate.failure?.code === 'several-graphs') {
      const variants = graphsIn(pickedFiles(found).files).map(({ graph: path, bytes }) => ({
        graph: path,
        bytes,
        cached: true,
      }));
      set({
        candidate: { ...candidate, failure: null, offer: { repository: '', commit: '', variants } },
      });
    }
  } catch (error) {
    if (!(error instanceof AtlasError)) throw error;
    set({
      candidate: {
        source: { kind: 'files', files: [] },
        name: '',
        inspection: null,
        failure: { code: error.code, values: error.values },
      },
    });
  }
}

/**
 * Imports an adapter for the open model and closes the picker. If there are several adapters, the
 * banner asks for one and calls this again with its `folder`.
 */
export async function offerAdapter(files: readonly PickedFile[], folder = ''): Promise<void> {
  useView.getState().set({ picker: false });
  useModel.getState().set({ failure: null });
  try {
    await openAdapter(files, folder);
  } catch (error) {
    const several = error instanceof SeveralAdapters && {
      adapters: { files, folders: error.folders },
    };
    useModel.getState().set({ failure: { ...failureOf(error), ...several } });
  }
}
