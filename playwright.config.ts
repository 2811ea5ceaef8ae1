/**
 * Page tests: the built page (`vite build`, then `vite preview`) in Chromium. Run `npm run build`
 * first.
 */
import { defineConfig, type LaunchOptions } from '@playwright/test';
import { findChromium } from './tools/chromium.mjs';

/** Launch options for the installed Chromium, with extra flags. */
export function browserWith(...flags: string[]): LaunchOptions {
  const executablePath = findChromium();
  return {
    ...(executablePath && { executablePath }),
    args: ['--no-sandbox', '--process-per-site', ...flags],
  };
}

/**
 * Flags for WebGPU on the CPU. `--liftoff-only`: V8 would otherwise spend two minutes optimising
 * one huge function of the runtime's WebGPU build during the test.
 */
export const softwareGpu = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--js-flags=--liftoff-only',
];

const port = process.env.PORT ?? '4173';
/** Factor for all timeouts, for a throttled or busy machine. */
export const patience = Number(process.env.PATIENCE ?? 1);

export default defineConfig({
  testDir: 'e2e',
  workers: 1,
  // Tests wait for events, so only a whole test has a timeout.
  timeout: 120_000 * patience,
  expect: { timeout: 0 },
  forbidOnly: !!process.env.CI,
  // Tests that take minutes run with `npm run test:e2e:slow` before a release, not on every change.
  ...(process.env.SLOW ? { grep: /@slow/ } : { grepInvert: /@slow/ }),
  reporter: [['list']],
  use: {
    baseURL: `http://localhost:${port}`,
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    // Tracing makes every test 10 % slower. To debug a failure, use `--trace retain-on-failure`.
    trace: 'off',
    launchOptions: browserWith(),
  },
  webServer: {
    command: `npx vite preview --port ${port} --strictPort --outDir ${process.env.DIST ?? 'dist'}`,
    url: `http://localhost:${port}`,
    reuseExistingServer: !process.env.CI,
  },
});
