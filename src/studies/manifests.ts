/** Settings, labels and presets of each study (`StudyManifest`). One line per study. */
export { agree } from './agree/manifest.ts';
export { compress } from './compress/manifest.ts';
export { map } from './map/manifest.ts';
export { prune } from './prune/manifest.ts';
export { race } from './race/manifest.ts';
export { samples } from './samples/manifest.ts';
export { train } from './train/manifest.ts';
