/** Resolves the experiment that an argument names: a link, a preset or a spec file. */
import type { ResultDigest } from '../src/experiment/digest.ts';
import { decodeLink, isLink } from '../src/experiment/link.ts';
import { parseSpec } from '../src/experiment/schema.ts';
import type { ExperimentSpec } from '../src/studies/spec.ts';
import { readJson } from './disk.ts';

export interface Named {
  spec: ExperimentSpec;
  /** The digests of a map and of the study's result that a link contains. */
  digest: ResultDigest | null;
  run?: object | undefined;
}

/**
 * `presets` holds differences from the default, by name. `read` converts the contents of a file to
 * a spec. Throws the errors of the link and spec readers, and `usage` if the argument is none of
 * the three.
 */
export async function experimentNamed(
  argument: string,
  presets: ReadonlyMap<string, object>,
  read: (file: unknown) => unknown = (file) => file,
): Promise<Named> {
  if (isLink(argument)) {
    const { spec, digest, run, damaged, textOmitted } = await decodeLink(argument);
    for (const at of damaged)
      console.error(`rank-atlas: the link is damaged at "${at}". The default is used there.`);
    if (textOmitted)
      console.error(
        'rank-atlas: the link omits its text. Set one with --text; otherwise the bundled text is used.',
      );
    return { spec, digest, run };
  }
  const preset = presets.get(argument);
  if (preset) return { spec: parseSpec(preset), digest: null };
  const file = await readJson(
    argument,
    `"${argument.slice(0, 200)}" is not a spec file, a link or a preset (${[...presets.keys()].join(', ')})`,
  );
  return { spec: parseSpec(read(file)), digest: null };
}
