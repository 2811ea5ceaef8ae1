/** The versions that a result names. */
import type * as Ort from 'onnxruntime-web';
import { version } from '../../package.json';
import type { RunResult } from '../studies/map/result.ts';

export const versionsOf = (ort: typeof Ort): RunResult['versions'] => ({
  rankAtlas: version,
  onnxruntime: ort.env.versions.web ?? ort.env.versions.node ?? ort.env.versions.common,
});
