#!/usr/bin/env node
/** The command `rank-atlas`: registers the TypeScript loader and hands over to `main.ts`. */
import { register } from 'tsx/esm/api';

// A pipe that closes early (`| head`) is not an error of ours.
process.stdout.on('error', (error) => { if (error.code === 'EPIPE') process.exit(0); });

register();
const { main } = await import('./main.ts');
process.exitCode = await main(process.argv.slice(2));
