/** The measurement's own charts, drawn with recharts, for one lazy import. */
export { CertaintyPlate } from './CertaintyPlate.tsx';
export { LayersPlate } from './LayersPlate.tsx';
