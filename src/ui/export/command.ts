/** Builds the command that repeats an experiment on the command line. */
import { changesFromDefault, usesText } from '../../experiment/settings.ts';
import type { ExperimentSpec } from '../../studies/spec.ts';

/** Quotes a word for a POSIX shell. */
const quote = (s: string) => (/^[\w./:=@-]+$/.test(s) ? s : `'${s.replaceAll("'", "'\\''")}'`);

/**
 * The command for `spec`. A visitor's own text and a model from files appear as placeholders
 * (`FILE.txt`, `FOLDER`).
 */
export function commandOf(spec: ExperimentSpec): string {
  const parts = ['npx rank-atlas run where'];
  for (const { path, to } of changesFromDefault(spec)) {
    if (path === 'model.id' && !String(to).startsWith('bundled:'))
      parts.push(
        `--model ${/^(hub|url):/.test(String(to)) ? quote(String(to).replace(/^url:/, '')) : 'FOLDER'}`,
      );
    else if (path === 'text' && !usesText(spec)) continue;
    else if (path === 'text' && spec.text.kind === 'own') parts.push('--text FILE.txt');
    else if (path === 'text' && spec.text.kind === 'ids')
      parts.push(`--ids ${quote(JSON.stringify(spec.text.ids))}`);
    else if (path === 'seed') parts.push(`--seed ${spec.seed}`);
    else if (path !== 'model.hash')
      parts.push(`--set ${quote(`${path}=${typeof to === 'string' ? to : JSON.stringify(to)}`)}`);
  }
  return parts.join(' ');
}
