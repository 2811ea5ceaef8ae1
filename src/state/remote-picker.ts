/** Looks up models on a hub or at an address for the picker. */
import { elementAt } from '../checked.ts';
import { AtlasError } from '../errors.ts';
import { parseReference, referenceId } from '../model/remote/reference.ts';
import type { RemoteSource, Requests } from '../worker/protocol.ts';
import { client, failureOf, inspectModel } from './engine.ts';
import { hubAddress } from './hub-address.ts';
import { useModel } from './model-store.ts';

/**
 * Looks up a hub id or an address, typed or from an experiment, and shows the graphs to choose
 * from.
 */
export async function lookUp(text: string): Promise<void> {
  const { set } = useModel.getState();
  const hub = hubAddress();
  const reference = parseReference(text, hub);
  const source: RemoteSource = { kind: 'remote', id: reference ? referenceId(reference) : '', hub };
  if (reference?.kind === 'url')
    return inspectModel(source, elementAt(new URL(reference.url).pathname.split('/'), -1));
  const name = reference ? reference.repository : text.trim().slice(0, 100);
  set({ candidate: { source, name, inspection: null, failure: null } });
  try {
    if (!reference)
      throw new AtlasError('no-file', {
        file: name || '""',
        why: 'it is neither a hub id (owner/name) nor the address of an .onnx file',
      });
    const offer = await client.ask('variants', { source });
    if (offer.variants.length === 0)
      throw new AtlasError('part-missing', {
        part: reference.graph ?? 'onnx/model_q4.onnx',
        file: name,
      });
    if (useModel.getState().candidate?.source === source)
      set({ candidate: { source, name, inspection: null, failure: null, offer } });
  } catch (error) {
    if (useModel.getState().candidate?.source === source)
      set({ candidate: { source, name, inspection: null, failure: failureOf(error) } });
  }
}

/**
 * Inspects one of the offered graphs: from a repository at the listed commit, or from local files.
 */
export function fetchVariant(
  { repository, commit }: Requests['variants']['answer'],
  graph: string,
): Promise<void> {
  const { candidate } = useModel.getState();
  if (candidate?.source.kind === 'files')
    return inspectModel({ ...candidate.source, graph }, candidate.name);
  return inspectModel(
    {
      kind: 'remote',
      id: referenceId({ kind: 'hub', repository, revision: commit, graph }),
      hub: hubAddress(),
    },
    repository,
  );
}

export const stopFetching = (): void => client.stopReading();

/** The cached models of the hub. */
export const cachedModels = async (): Promise<Requests['cachedModels']['answer']['repositories']> =>
  (await client.ask('cachedModels', { hub: hubAddress() })).repositories;

export const forgetModel = (repository: string): Promise<unknown> =>
  client.ask('forgetModel', { hub: hubAddress(), repository });
