/**
 * Names of remote models: on a hub by repository, revision and graph, or by the URL of the graph.
 * Experiments, links and the command line share one text form of each. Also parses the forms that
 * users paste.
 */
import { AtlasError } from '../../errors.ts';

export interface HubReference {
  kind: 'hub';
  /** `owner/name`. */
  repository: string;
  /** Branch, tag or commit. */
  revision: string;
  /** Path of the graph in the repository. If absent, `openModel` chooses. */
  graph?: string;
}

export interface UrlReference {
  kind: 'url';
  /** Address of an .onnx file. */ url: string;
}

/** The default hub. */
export const HUB = 'https://huggingface.co';

export type RemoteReference = HubReference | UrlReference;

const NAME = '[A-Za-z0-9][A-Za-z0-9._-]{0,95}';
const REVISION = '[A-Za-z0-9][A-Za-z0-9._/-]{0,99}';
const GRAPH = '[A-Za-z0-9_][A-Za-z0-9._+/-]{0,250}\\.onnx';
const ID = new RegExp(`^(?:hub:)?(${NAME}/${NAME})(?:@(${REVISION}))?(?::(${GRAPH}))?$`);
const HUB_PAGE = new RegExp(
  `^/(${NAME}/${NAME})(?:/(?:tree|blob|resolve)/([A-Za-z0-9][A-Za-z0-9._-]{0,99})(?:/(.*))?)?/?$`,
);

/**
 * Parses user input: `owner/name`, `owner/name@revision:onnx/model_q4.onnx`, a page of `hub`, or
 * the address of an .onnx file. `hub` is the hub's own address. null for anything else.
 */
export function parseReference(text: string, hub: string): RemoteReference | null {
  const asked = text.trim();
  const address = asked.replace(/^url:/, '');
  if (!/^https?:\/\//.test(address))
    return hubReference(...((ID.exec(asked)?.slice(1) ?? []) as [string?, string?, string?]));
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  if (url.username || url.password) return null;
  url.hash = '';
  const onHub = url.origin === new URL(hub).origin ? HUB_PAGE.exec(url.pathname) : null;
  if (onHub)
    return hubReference(onHub[1], onHub[2], onHub[3]?.endsWith('.onnx') ? onHub[3] : undefined);
  return url.pathname.endsWith('.onnx') ? { kind: 'url', url: url.href } : null;
}

function hubReference(repository?: string, revision = 'main', graph?: string): HubReference | null {
  if (repository === undefined || [revision, graph].some((part) => part?.includes('..')))
    return null;
  return { kind: 'hub', repository, revision, ...(graph !== undefined && { graph }) };
}

/**
 * The form in an experiment: `hub:owner/name@revision:onnx/model_q4.onnx`,
 * `url:https://…/model.onnx`.
 */
export function referenceId(reference: RemoteReference): string {
  if (reference.kind === 'url') return `url:${reference.url}`;
  const { repository, revision, graph } = reference;
  return `hub:${repository}@${revision}${graph === undefined ? '' : `:${graph}`}`;
}

/**
 * The reference in an experiment's model id; null if the id is not that of a remote model. Throws
 * `bad-spec` if it is damaged.
 */
export function referenceOf(id: string, hub: string): RemoteReference | null {
  if (!/^(hub|url):/.test(id)) return null;
  const reference = parseReference(id, hub);
  if (!reference)
    throw new AtlasError('bad-spec', {
      at: 'model.id',
      why: 'it is neither a repository nor the address of an .onnx file',
    });
  return reference;
}

/**
 * True if the open model is the one that an experiment names. A branch or tag matches any commit.
 */
export function isModel(asked: string, opened: string): boolean {
  const [, name, revision = 'main', graph] =
    /^(hub:[^@:]+)(?:@([^:]+))?(?::(.+))?$/.exec(asked) ?? [];
  if (name === undefined || /^[0-9a-f]{40}$/.test(revision)) return asked === opened;
  return opened.startsWith(`${name}@`) && (graph === undefined || opened.endsWith(`:${graph}`));
}
