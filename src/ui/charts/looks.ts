/** The style of a line, in a chart and in its legend. Colour is never the only difference. */
export interface LineLook {
  stroke: string;
  /** Text colour on the panel's background. */
  text: string;
  dash?: string;
  /** Pixels; 2 by default. */
  width?: number;
}

/** A style in the colours `--line-NAME` and, if defined, `--line-NAME-text`. */
export const look = (name: string, dash?: string): LineLook => ({
  stroke: `var(--line-${name})`,
  text: `var(--line-${name}-text, var(--line-${name}))`,
  ...(dash !== undefined && { dash }),
});
