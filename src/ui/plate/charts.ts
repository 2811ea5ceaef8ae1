/** The charts of the map study, which need Recharts, for one lazy import. */
export { CertaintyPlate } from './CertaintyPlate.tsx';
export { LayersPlate } from './LayersPlate.tsx';
