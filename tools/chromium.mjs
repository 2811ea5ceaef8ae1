/** Finds the Chromium for the page tests, or explains how to install one. */
import { existsSync } from 'node:fs';

const places = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** Path of a Chromium or Chrome, or null. */
export function findChromium() {
  return places.find((path) => path && existsSync(path)) ?? null;
}

export const howToGetChromium =
  'No Chromium was found, so the page tests cannot run. Install one (Debian: apt-get install chromium) or set CHROMIUM to its path.';
