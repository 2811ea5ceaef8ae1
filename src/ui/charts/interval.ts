/** The path of an interval as a bar with two ends, 6 pixels wide. All in pixels. */
export const intervalPath = (x: number, low: number, high: number): string =>
  `M${x - 3} ${low}h6m-3 0V${high}m-3 0h6`;
