/**
 * `npx tsx tools/trainers/write.ts FOLDER`: writes the four trainers' files at the ranks of the
 * recorded run, and these ranks as `ranks.json`, for the checks in this directory.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TRAINERS, trainerFile } from '../../src/adapters/trainers.ts';
import { defined } from '../../src/checked.ts';
import { parseResult } from '../../src/experiment/result-file.ts';

const root = resolve(import.meta.dirname, '../..');
const folder = defined(process.argv[2]);
const { modules } = parseResult(
  JSON.parse(readFileSync(join(root, 'public/recorded/atlas-3m.json'), 'utf8')),
);
mkdirSync(folder, { recursive: true });
for (const trainer of TRAINERS) {
  const { file, text } = defined(trainerFile(trainer, modules));
  writeFileSync(join(folder, file), text);
}
writeFileSync(
  join(folder, 'ranks.json'),
  JSON.stringify(Object.fromEntries(modules.map(({ path, rank }) => [path, rank]))),
);
