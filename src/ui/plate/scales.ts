/**
 * The scales of our axes, in place of all of d3-scale (`vite.config.ts`): recharts looks them up by name at run time, so that a
 * build cannot leave out the time, logarithmic and colour scales by itself. A chart that needs another one names it here.
 */
export { scaleBand, scaleLinear, scalePoint } from 'd3-scale';
