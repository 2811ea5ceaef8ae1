/** English words of the picker for models on a hub or at an address. */
import { numbers } from '../language/numbers.ts';

const { size } = numbers('en');

export const remoteEn = {
  label: 'Hub id or address',
  example: 'owner/name, or https://…/model.onnx',
  look: 'Look',
  note: (host: string) =>
    `Only the model’s files are requested, from ${host}. Measurements stay on this machine.`,
  looking: (name: string) => `Listing the files of ${name}…`,
  offers: (name: string) => `Graphs of ${name}`,
  file: 'graph',
  size: 'size',
  here: 'on this machine',
  fetch: 'Fetch',
  inspect: 'Inspect',
  commit: (hash: string) => `At commit ${hash}. A link to this model means exactly these files.`,
  fetching: (loaded: number, total: number) =>
    total > 0 ? `Fetching, ${size(loaded)} of ${size(total)}` : 'Fetching…',
  rate: (bytesPerSecond: number) => `${size(bytesPerSecond)}/s`,
  progress: 'Fetched',
  cancel: 'Cancel',
  cached: 'Cached on this machine',
  remove: 'Remove',
  removeName: (name: string) => `Remove ${name} from this machine`,
};

export type RemoteWords = typeof remoteEn;
