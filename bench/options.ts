/** Parses the command line of a benchmark. Invalid input prints the usage and exits with 2. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import type { AtlasError } from '../src/errors.ts';

type Taken<O extends NonNullable<ParseArgsConfig['options']>> = ReturnType<
  typeof parseArgs<{ options: O }>
>['values'];

/** `usage` is one line. `--help` prints it and exits. */
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

/** Prints why the input is invalid and exits with 2. */
export function refuse(why: string): never {
  console.error(why);
  process.exit(2);
}

/**
 * Prints only the reason of a `checkWritable` error: its full sentence is about the product's
 * command line.
 */
export const refuseOut = ({ values }: AtlasError): never => refuse(String(values.why));
