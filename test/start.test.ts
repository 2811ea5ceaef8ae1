/**
 * Tests `npm start` on a fresh machine: the development server finds the page's packages and prints
 * nothing except that it is ready.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createLogger, createServer } from 'vite';
import { expect, test } from 'vitest';
import { defined, elementAt } from '../src/checked.ts';

test(
  'the development server serves the page and complains of nothing',
  { timeout: 60_000 },
  async () => {
    const printed: string[] = [];
    const customLogger = createLogger('warn');
    customLogger.warn =
      customLogger.warnOnce =
      customLogger.error =
        (line) => {
          printed.push(line);
        };
    const root = resolve(import.meta.dirname, '..');
    const cacheDir = mkdtempSync(join(tmpdir(), 'start-'));
    const server = await createServer({
      root,
      configFile: join(root, 'vite.config.ts'),
      mode: 'development',
      cacheDir,
      customLogger,
      server: { port: 0, open: false, hmr: false, watch: null },
    });
    try {
      await server.listen();
      await server.environments.client.depsOptimizer?.scanProcessing;
      const from = elementAt(defined(server.resolvedUrls).local, 0);
      const page = await fetch(from);
      expect(page.headers.get('cross-origin-embedder-policy')).toBe('require-corp');
      expect(await page.text()).toContain('/src/main.tsx');
      expect((await fetch(new URL('src/main.tsx', from))).status).toBe(200);
      expect(printed).toEqual([]);
    } finally {
      await server.close();
      rmSync(cacheDir, { recursive: true });
    }
  },
);
