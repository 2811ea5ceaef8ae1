/** WGSL sources that only studies use: all that are not in `shaders.web.ts`. */
export const sources = import.meta.glob<string>(
  ['../../shaders/*.wgsl', '!**/{disagreement,lora-delta,noise-product,pair-difference,sums}.wgsl'],
  { query: '?raw', import: 'default', eager: true },
);
