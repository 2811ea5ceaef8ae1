/**
 * How the page is served, built and unit-tested.
 *
 * `base: './'` makes `dist/` work from any static host and any path. The isolation headers give
 * WebAssembly its threads on the servers we control; a host without them gets one thread.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import type { Connect, Plugin } from 'vite';
import { configDefaults, defineConfig } from 'vitest/config';
import { notices } from './tools/notices.ts';

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
 * What the built page may load: scripts and workers of its own only. Models come from any address
 * that a user gives.
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

/** A frame may hold `?embed` only: in the whole page a click could be stolen. */
const framing: Connect.NextHandleFunction = (request, response, next) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  if (/(\/|\.html)$/.test(pathname) && !searchParams.has('embed'))
    response.setHeader('Content-Security-Policy', "frame-ancestors 'self'");
  next();
};

/** The policy goes into the built page: the development server adds inline scripts of its own. */
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
 * What several plates of studies share, and the comparison of two results: nobody needs them before
 * such a tab is opened.
 */
const studies = new RegExp(
  [
    'studies/\\w+/(?!study|settings)',
    'ui/(studies|charts)/',
    'ui/plate/(TrainingFields|OwnTrainingText)',
    'ui/parts/NumbersField',
  ]
    .map((path) => `src/${path}`.replaceAll('/', '[\\\\/]'))
    .join('|'),
);
const compare = /src[\\/]ui[\\/]compare[\\/]/;

/**
 * Whether a first look needs a module: the page's entry or the charts, which it fetches at once,
 * import it without an `import()` on the way.
 */
function firstLook(
  id: string,
  modules: { getModuleInfo(id: string): { isEntry: boolean; importers: readonly string[] } | null },
  seen = new Set<string>(),
): boolean {
  const info = modules.getModuleInfo(id);
  if (!info || info.isEntry || /src[\\/]ui[\\/]plate[\\/]charts\.ts$/.test(id))
    return info !== null;
  return info.importers.some((by) => !seen.has(by) && (seen.add(by), firstLook(by, modules, seen)));
}

/** Files of studies have one name in every study: theirs goes before it. */
const chunkFileNames = ({ facadeModuleId }: { facadeModuleId?: string | null }) => {
  const [, study, file] =
    /src[\\/]studies[\\/](\w+)[\\/](\w+)\.ts$/.exec(facadeModuleId ?? '') ?? [];
  return study === undefined ? 'assets/[name]-[hash].js' : `assets/${study}-${file}-[hash].js`;
};

export default defineConfig({
  base: './',
  plugins: [react(), security, licences.page],
  // All of d3-scale takes a first visit above the 340 kB it may fetch.
  resolve: {
    alias: { 'victory-vendor/d3-scale': resolve(import.meta.dirname, 'src/ui/charts/scales.ts') },
  },
  worker: {
    format: 'es',
    plugins: licences.worker,
    rolldownOptions: { output: { chunkFileNames } },
  },
  // The runtime finds its .wasm beside its own module: pre-bundling would move one without the
  // other. Of the pages in this folder only ours is looked through for packages: those of the
  // benches have their own.
  optimizeDeps: { entries: ['index.html'], exclude: ['onnxruntime-web'] },
  build: {
    target: 'es2022',
    chunkSizeWarningLimit: 700,
    // What two parts of the page share comes in one file, not in a dozen small ones; what a first
    // look does not need comes apart from it.
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
              test: /node_modules[\\/](recharts|victory-vendor|d3-|@reduxjs|react-redux|redux|reselect|immer|decimal\.js-light|es-toolkit|eventemitter3|internmap|tiny-invariant)|src[\\/]ui[\\/]charts[\\/]scales/,
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
    // Vitest leaves one core free; of two that is half, and most tests keep one busy at most.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 30_000,
  },
});
