/** SVG path of an error bar with end caps, 6 pixels wide. All arguments are in pixels. */
export const intervalPath = (x: number, low: number, high: number): string =>
  `M${x - 3} ${low}h6m-3 0V${high}m-3 0h6`;
