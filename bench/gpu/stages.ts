/** What is run on a GPU that is there for minutes, the most telling first. */
import { join } from 'node:path';
import type { Stage } from './runner.ts';

/**
 * What takes a GPU's place in a rehearsal. `software`: an adapter that computes on the processor;
 * the stages are as small as they get. `null`: a device that computes nothing, with the least
 * limits that WebGPU allows; the stages have their full sizes, their numbers no meaning.
 */
export const STAND_INS = ['software', 'null'] as const;
export type StandIn = (typeof STAND_INS)[number];

/** Exit code of the first stage on an adapter that computes on the processor. */
export const SOFTWARE_ONLY = 3;

/**
 * Settings of the runtime's provider that might be better than its defaults (docs/benchmarks.md).
 */
const KNOBS = [
  null,
  'storageBufferCacheMode=lazyRelease',
  'storageBufferCacheMode=simple',
  'validationMode=disabled',
];

/** A software adapter takes so much longer. */
const SOFTWARE = 5;

/**
 * `large`: a folder with SmolLM2 or another model beside the bundled one, or null. Dawn's null
 * backend has 512 MB, where an untouched export of that size beside the engine does not fit: the
 * stages that measure one leave it out there.
 */
export function stagesFor(large: string | null, standIn: StandIn | null): Stage[] {
  const small = standIn === 'software';
  const slower = small ? SOFTWARE : 1;
  // The null backend's numbers are compared and written, and prove nothing.
  const meaningless = standIn === 'null' ? ['--meaningless'] : [];
  const script = (name: string) => join('bench', name);
  const provider = ['--provider', 'webgpu'];
  const folders = large === null ? [] : [large];
  const ofModels =
    (models: readonly (string | null)[]) =>
    (
      name: string,
      seconds: number,
      of: (folder: string[]) => Omit<Stage, 'name' | 'seconds'>,
    ): Stage[] =>
      models.map((folder) => ({
        name: folder === null ? name : `${name}, ${folder}`,
        seconds: slower * seconds,
        ...of(folder === null ? [] : [folder]),
      }));
  const ofEach = ofModels([null, ...folders]);
  const besideExport = ofModels([null, ...(standIn === 'null' ? [] : folders)]);
  const training = small
    ? ['--batch', '1', '--length', '8', '--rank', '2', '--pairs', '1', '--steps', '2']
    : ['--batch', '4', '--length', '64', '--rank', '8', '--pairs', '9', '--steps', '20'];
  const tokens = small
    ? ['--sequences', '1', '--length', '2']
    : ['--sequences', '2', '--length', '32'];
  const texts = small
    ? ['--lengths', '12', '--tokens', '3', '--passes', '1']
    : ['--lengths', '128,256', '--tokens', '64', '--passes', '5'];
  return [
    {
      name: 'adapter',
      script: script('gpu/adapter.ts'),
      args: standIn ? ['--software'] : [],
      seconds: 60,
    },
    {
      name: 'tiny exports against WASM',
      script: script('gpu/forms.ts'),
      args: meaningless,
      seconds: 60 * slower,
    },
    ...ofEach('agreement with WASM', 90, (folder) => ({
      script: script('gpu/agreement.ts'),
      args: [...folder, ...meaningless],
    })),
    ...besideExport('AdaRank against the naive way', 120, (folder) => ({
      script: script('run.ts'),
      args: [...folder, ...provider, ...tokens, ...(small ? ['--repeats', '1'] : [])],
    })),
    ...besideExport('LoRA step against products', 90, (folder) => ({
      script: script('training.ts'),
      args: [...folder, ...provider, ...training],
    })),
    ...besideExport('Jacobian probe', 90, (folder) => ({
      script: script('jacobian.ts'),
      args: [...folder, ...provider, '--draws', small ? '2' : '6', ...tokens],
    })),
    ...besideExport('generation', 60, (folder) => ({
      script: script('generate.ts'),
      args: [...folder, ...provider, ...texts],
    })),
    ...KNOBS.flatMap((knob) =>
      ofEach(`knobs: ${knob ?? 'as they are'}`, 60, (folder) => ({
        script: script('gpu/knobs.ts'),
        args: [
          ...folder,
          ...(knob === null ? [] : ['--knob', knob]),
          ...(small ? ['--small'] : []),
        ],
      })),
    ),
  ];
}
