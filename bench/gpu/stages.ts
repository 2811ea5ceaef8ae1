/** Lists the stages of `npm run gpu`, most informative first, because GPU time is limited. */
import { join } from 'node:path';
import type { Stage } from './runner.ts';

/**
 * Stand-ins for a GPU in a rehearsal. `software` is an adapter that computes on the CPU; its stages
 * are as small as possible. `null` is a device that computes nothing, with WebGPU's minimum limits;
 * its stages have their full sizes, and their numbers mean nothing.
 */
export const STAND_INS = ['software', 'null'] as const;
export type StandIn = (typeof STAND_INS)[number];

/** Exit code of the first stage on a software adapter. */
export const SOFTWARE_ONLY = 3;

/**
 * Settings of the runtime's WebGPU provider that might be faster than its defaults
 * (docs/benchmarks.md).
 */
const KNOBS = [
  null,
  'storageBufferCacheMode=lazyRelease',
  'storageBufferCacheMode=simple',
  'validationMode=disabled',
];

/** Factor on time limits for a software adapter. */
const SOFTWARE = 5;

/**
 * `large` is the directory of a second model, such as SmolLM2, or null. Dawn's null backend has 512
 * MB. An original export of that size does not fit next to the engine, so stages that measure one
 * omit it there.
 */
export function stagesFor(large: string | null, standIn: StandIn | null): Stage[] {
  const small = standIn === 'software';
  const slower = small ? SOFTWARE : 1;
  // Numbers of the null backend are compared and written, but prove nothing.
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
  const withExport = ofModels([null, ...(standIn === 'null' ? [] : folders)]);
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
    ...withExport('AdaRank against the naive way', 120, (folder) => ({
      script: script('run.ts'),
      args: [...folder, ...provider, ...tokens, ...(small ? ['--repeats', '1'] : [])],
    })),
    ...withExport('LoRA step against products', 90, (folder) => ({
      script: script('training.ts'),
      args: [...folder, ...provider, ...training],
    })),
    ...withExport('Jacobian probe', 90, (folder) => ({
      script: script('jacobian.ts'),
      args: [...folder, ...provider, '--draws', small ? '2' : '6', ...tokens],
    })),
    ...withExport('generation', 60, (folder) => ({
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
