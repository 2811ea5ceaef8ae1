/** How a line looks, in a chart and in its legend. Never colour alone. */
export interface LineLook {
  stroke: string;
  /** The colour of words on the sheet. */
  text: string;
  dash?: string;
  /** Pixels; 2 unless said. */
  width?: number;
}

/** A look in the colours of `--line-NAME` and, where there is one, `--line-NAME-text`. */
export const look = (name: string, dash?: string): LineLook => ({
  stroke: `var(--line-${name})`,
  text: `var(--line-${name}-text, var(--line-${name}))`,
  ...(dash !== undefined && { dash }),
});
