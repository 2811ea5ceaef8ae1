/** What is run on a GPU that is there for minutes, the most telling first. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Stage } from './runner.ts';

/**
 * `large`: a folder with SmolLM2 or another model beside the bundled one, or null. `rehearsal`: the same stages as small as they get, for a
 * software adapter.
 */
export function stagesFor(large: string | null, rehearsal: boolean): Stage[] {
  const script = (name: string) => join('bench', name), provider = ['--provider', 'webgpu'];
  const models = [null, ...(large !== null && existsSync(large) ? [large] : [])];
  const ofEach = (name: string, seconds: number, of: (folder: string[]) => Omit<Stage, 'name' | 'seconds'>): Stage[] =>
    models.map((folder) => ({ name: folder === null ? name : `${name}, ${folder}`, seconds, ...of(folder === null ? [] : [folder]) }));
  const training = rehearsal ? ['--batch', '1', '--length', '8', '--rank', '2', '--pairs', '1', '--steps', '2'] : ['--batch', '4', '--length', '64', '--rank', '8', '--pairs', '9', '--steps', '20'];
  const tokens = rehearsal ? ['--sequences', '1', '--length', '2'] : ['--sequences', '2', '--length', '32'];
  return [
    { name: 'adapter', script: script('gpu/adapter.ts'), args: rehearsal ? ['--software'] : [], seconds: 60 },
    ...ofEach('agreement with WASM', 90, (folder) => ({ script: script('gpu/agreement.ts'), args: folder })),
    ...ofEach('AdaRank against the naive way', 120, (folder) => ({ script: script('run.ts'), args: [...folder, ...provider, ...tokens] })),
    ...ofEach('LoRA step against products', 90, (folder) => ({ script: script('training.ts'), args: [...folder, ...provider, ...training] })),
    ...ofEach('Jacobian probe', 90, (folder) => ({ script: script('jacobian.ts'), args: [...folder, ...provider, '--draws', rehearsal ? '2' : '6', ...tokens] })),
    ...ofEach('generation', 60, (folder) => ({ script: script('generate.ts'), args: [...folder, ...provider, ...(rehearsal ? ['--lengths', '12', '--tokens', '2', '--passes', '1'] : ['--lengths', '64,128', '--tokens', '64', '--passes', '5'])] })),
  ];
}
