/** Everything drawn with recharts, for one lazy import. */
export { LayerBars } from '../map/LayerBars.tsx';
export { CertaintyPlate } from './CertaintyPlate.tsx';
export { LayersPlate } from './LayersPlate.tsx';
