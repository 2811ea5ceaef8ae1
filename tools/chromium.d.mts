/** Path of a Chromium or Chrome, or null. */
export function findChromium(): string | null;
export const howToGetChromium: string;
