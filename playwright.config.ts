/**
 * Page tests: the built page (`vite build`, then `vite preview`) in Chromium. Run `npm run build`
 * first.
 */
import { defineConfig, type LaunchOptions } from '@playwright/test';
import { findChromium } from './tools/chromium.mjs';

/** The Chromium at hand, with flags of a test's own. */
export function browserWith(...flags: string[]): LaunchOptions {
  const executablePath = findChromium();
  return {
    ...(executablePath && { executablePath }),
    args: ['--no-sandbox', '--process-per-site', ...flags],
  };
}

/**
 * For a browser that computes WebGPU on the processor. V8 would optimise one huge function of the
 * runtime's WebGPU build for two minutes meanwhile.
 */
export const softwareGpu = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--js-flags=--liftoff-only',
];

const port = process.env.PORT ?? '4173';
/** How many times longer anything may take: of a machine that is throttled, or busy. */
export const patience = Number(process.env.PATIENCE ?? 1);

export default defineConfig({
  testDir: 'e2e',
  workers: 1,
  // Tests wait for events; how long at most, of a whole test, is said here.
  timeout: 120_000 * patience,
  expect: { timeout: 0 },
  forbidOnly: !!process.env.CI,
  // Tests of minutes run by `npm run test:e2e:slow`, before a release, not at every change.
  ...(process.env.SLOW ? { grep: /@slow/ } : { grepInvert: /@slow/ }),
  reporter: [['list']],
  use: {
    baseURL: `http://localhost:${port}`,
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    // Recording one makes every test a tenth longer: `--trace retain-on-failure` does where a
    // failure is looked for.
    trace: 'off',
    launchOptions: browserWith(),
  },
  webServer: {
    command: `npx vite preview --port ${port} --strictPort --outDir ${process.env.DIST ?? 'dist'}`,
    url: `http://localhost:${port}`,
    reuseExistingServer: !process.env.CI,
  },
});
