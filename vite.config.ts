/**
 * Configures how the page is served, built and unit-tested.
 *
 * `base: './'` makes `dist/` work on any static host and any path. The isolation headers let our
 * servers give WebAssembly several threads; hosts without them give it one thread.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import type { Connect, Plugin } from 'vite';
import { configDefaults, defineConfig } from 'vitest/config';
import { notices } from './tools/notices.ts';
import { site } from './tools/site.ts';

const licences = notices([
  {
    title: 'tokenizers.wasm',
    file: resolve(import.meta.dirname, 'src/model/gen/tokenizers.LICENSES.txt'),
  },
]);

const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/**
 * What the built page may load: only its own scripts and workers. Models may come from any address
 * that the user enters.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "manifest-src 'self'",
  "connect-src 'self' blob: data: http: https:",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** Only `?embed` may be framed: in a frame, the whole page would be open to clickjacking. */
const framing: Connect.NextHandleFunction = (request, response, next) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  if (/(\/|\.html)$/.test(pathname) && !searchParams.has('embed'))
    response.setHeader('Content-Security-Policy', "frame-ancestors 'self'");
  next();
};

/** Only the built page has the policy, because the development server adds inline scripts. */
const security: Plugin[] = [
  {
    name: 'content-policy',
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: policy },
        injectTo: 'head-prepend',
      },
    ],
  },
  {
    name: 'framing',
    configureServer: ({ middlewares }) => void middlewares.use(framing),
    configurePreviewServer: ({ middlewares }) => void middlewares.use(framing),
  },
];

/**
 * Modules that several study panels share, and the comparison of two results. They are needed only
 * when such a tab is opened.
 */
const studies = new RegExp(
  [
    'studies/\\w+/(?!study|manifest|settings)',
    'ui/(studies|charts)/',
    'ui/panel/(TrainingFields|OwnTrainingText)',
    'ui/parts/NumbersField',
  ]
    .map((path) => `src/${path}`.replaceAll('/', '[\\\\/]'))
    .join('|'),
);
const compare = /src[\\/]ui[\\/]compare[\\/]/;

/**
 * Whether the first view needs a module: the page's entry or the charts, which it fetches at once,
 * import the module statically.
 */
function firstLook(
  id: string,
  modules: { getModuleInfo(id: string): { isEntry: boolean; importers: readonly string[] } | null },
  seen = new Set<string>(),
): boolean {
  const info = modules.getModuleInfo(id);
  if (!info || info.isEntry || /src[\\/]ui[\\/]panel[\\/]charts\.ts$/.test(id))
    return info !== null;
  return info.importers.some((by) => !seen.has(by) && (seen.add(by), firstLook(by, modules, seen)));
}

/** Files of studies have the same names in every study, so the study's name is prefixed. */
const chunkFileNames = ({ facadeModuleId }: { facadeModuleId?: string | null }) => {
  const [, study, file] =
    /src[\\/]studies[\\/](\w+)[\\/](\w+)\.ts$/.exec(facadeModuleId ?? '') ?? [];
  return study === undefined ? 'assets/[name]-[hash].js' : `assets/${study}-${file}-[hash].js`;
};

export default defineConfig({
  base: './',
  plugins: [react(), security, site(process.env.SITE_URL), licences.page],
  worker: {
    format: 'es',
    plugins: licences.worker,
    rolldownOptions: { output: { chunkFileNames } },
  },
  // The runtime loads its .wasm from next to its own module, and pre-bundling would move only the
  // module. `entries` excludes pages of the benchmarks, which have their own packages.
  optimizeDeps: { entries: ['index.html'], exclude: ['onnxruntime-web'] },
  build: {
    target: 'es2022',
    chunkSizeWarningLimit: 700,
    // Shared modules are grouped into few files. Modules that the first view does not need are in
    // separate files.
    rolldownOptions: {
      output: {
        chunkFileNames,
        codeSplitting: {
          groups: [
            {
              name: 'react',
              priority: 3,
              test: /node_modules[\\/](react|react-dom|scheduler|use-sync-external-store)[\\/]/,
            },
            {
              name: 'recharts',
              priority: 2,
              test: /node_modules[\\/](recharts|victory-vendor|d3-|@reduxjs|react-redux|redux|reselect|immer|decimal\.js-light|es-toolkit|eventemitter3|internmap|tiny-invariant)/,
            },
            {
              name: (id, modules) => (firstLook(id, modules) ? 'shared' : null),
              priority: 1,
              minShareCount: 2,
            },
            { name: 'studies', minShareCount: 2, test: studies },
            { name: 'compare', test: compare },
          ],
        },
      },
    },
  },
  server: { headers: isolation },
  preview: { headers: isolation, port: 4173, strictPort: true },
  test: {
    include: ['src/**/*.test.ts', 'cli/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, '**/*.slow.test.ts'],
    setupFiles: ['test/seed.ts'],
    // Vitest leaves one core free. On two cores that leaves one, and most tests use at most one.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 30_000,
  },
});
