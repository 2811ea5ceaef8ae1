/** How each study runs (`Study`). One line per study; `manifests.ts` is the other list. */
export { agree } from './agree/study.ts';
export { compress } from './compress/study.ts';
export { map } from './map/study.ts';
export { prune } from './prune/study.ts';
export { race } from './race/study.ts';
export { samples } from './samples/study.ts';
export { train } from './train/study.ts';
