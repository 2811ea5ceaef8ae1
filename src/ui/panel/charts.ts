/** The charts of the map study, which need Recharts, for one lazy import. */
export { CertaintyPanel } from './CertaintyPanel.tsx';
export { LayersPanel } from './LayersPanel.tsx';
