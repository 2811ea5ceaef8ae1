/** Page tests: the built page (`vite build`, then `vite preview`) in Chromium. Run `npm run build` first. */
import { defineConfig, type LaunchOptions } from '@playwright/test';
import { findChromium } from './tools/chromium.mjs';

/** The Chromium at hand, with flags of a test's own. */
export function browserWith(...flags: string[]): LaunchOptions {
  const executablePath = findChromium();
  return { ...(executablePath && { executablePath }), args: ['--no-sandbox', ...flags] };
}

export default defineConfig({
  testDir: 'e2e',
  workers: 1,
  timeout: 120_000,
  expect: { timeout: 15_000 },
  forbidOnly: !!process.env.CI,
  reporter: [['list']],
  use: {
    baseURL: 'http://localhost:4173',
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    trace: 'retain-on-failure',
    launchOptions: browserWith(),
  },
  webServer: {
    command: 'npx vite preview',
    url: 'http://localhost:4173',
    reuseExistingServer: !process.env.CI,
  },
});
