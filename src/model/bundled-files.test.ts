/** The bundled models over real HTTP, from the folder that ships. */
import { createReadStream, existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defined } from '../checked.ts';
import { bundledFiles, bundledModels } from './bundled-files.ts';
import { readFile } from './files.ts';
import { openModel } from './repository.ts';

const folder = fileURLToPath(new URL('../../public', import.meta.url));
let server: Server;
let base: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = folder + defined(request.url).replace('/deep/path', '');
    if (existsSync(path)) createReadStream(path).pipe(response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/deep/path/`;
});
afterAll(() => {
  server.close();
});

describe.skipIf(!existsSync(`${folder}/models/index.json`))('a bundled model', () => {
  test('opens with the listed sizes, below any base path', async () => {
    const models = await bundledModels(base);
    expect(models.length).toBeGreaterThan(0);
    for (const { id, title } of models) {
      const source = await bundledFiles(base, id);
      let last = 0;
      const model = await openModel(source, {
        onProgress: (loaded) => {
          last = loaded;
        },
      });
      expect(model).toMatchObject({ id: `bundled:${id}`, title });
      expect([last, model.hash.length]).toEqual([model.bytes, 64]);
      const tokenizer = await model.tokenizer();
      expect(tokenizer.decode(tokenizer.encode('It was the best of times.'))).toBe(
        'It was the best of times.',
      );
      for (const file of source.files) await readFile(file);
    }
  });
  test('is refused by its name if it is not listed', async () => {
    await expect(bundledFiles(base, 'nothing')).rejects.toThrow('bundled:nothing cannot be read');
  });
});

test('is refused with a sentence without a server or a page', async () => {
  await expect(bundledModels(`${base}elsewhere/`)).rejects.toThrow(
    'models/index.json cannot be read (the server responded with 404)',
  );
  await expect(bundledModels('http://127.0.0.1:1/')).rejects.toThrow(
    'models/index.json cannot be read (no connection)',
  );
});
