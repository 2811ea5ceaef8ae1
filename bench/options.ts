/** What a bench takes on the command line; anything else ends with how it is called, and 2. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import type { AtlasError } from '../src/errors.ts';

type Taken<O extends NonNullable<ParseArgsConfig['options']>> = ReturnType<
  typeof parseArgs<{ options: O }>
>['values'];

/** `usage` is one line. `--help` prints it. */
export function optionsOf<O extends NonNullable<ParseArgsConfig['options']>>(
  usage: string,
  options: O,
): Taken<O> {
  try {
    const { values } = parseArgs({ options: { ...options, help: { type: 'boolean' } } });
    if ((values as { help?: boolean }).help !== true) return values as Taken<O>;
    console.log(usage);
    process.exit(0);
  } catch (error) {
    return refuse(`${(error as Error).message}\n${usage}`);
  }
}

/** Bad input: a sentence, and 2. */
export function refuse(why: string): never {
  console.error(why);
  process.exit(2);
}

/** What `checkWritable` refused; its own sentence speaks of the product's command line. */
export const refuseOut = ({ values }: AtlasError): never => refuse(String(values.why));
