/** The languages the page speaks. */
export type Language = 'en' | 'ja';
