/** English words of the picker for models on a hub or at an address. */
import { numbers } from '../language/numbers.ts';

const { size } = numbers('en');

export const remoteEn = {
  label: 'Hub id or address',
  example: 'owner/name, or https://…/model.onnx',
  look: 'Look',
  note: (host: string) =>
    `Files come from ${host}; only they are asked for. What is measured stays on this machine.`,
  looking: (name: string) => `Asking what ${name} holds…`,
  offers: (name: string) => `${name} offers`,
  file: 'graph',
  size: 'size',
  here: 'on this machine',
  fetch: 'Fetch',
  inspect: 'Inspect',
  commit: (hash: string) => `At commit ${hash}; a link made with it means these very files.`,
  fetching: (loaded: number, total: number) =>
    total > 0 ? `Fetching, ${size(loaded)} of ${size(total)}` : 'Fetching…',
  rate: (bytesPerSecond: number) => `${size(bytesPerSecond)} a second`,
  progress: 'Fetched',
  cancel: 'Cancel',
  kept: 'Kept on this machine',
  remove: 'Remove',
  removeName: (name: string) => `Remove ${name} from this machine`,
};

export type RemoteWords = typeof remoteEn;
