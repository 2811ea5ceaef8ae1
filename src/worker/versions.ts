/** The versions a result names. */
import type * as Ort from 'onnxruntime-web';
import packageJson from '../../package.json' with { type: 'json' };
import type { RunResult } from '../experiment/result.ts';

export const versionsOf = (ort: typeof Ort): RunResult['versions'] =>
  ({ rankAtlas: packageJson.version, onnxruntime: ort.env.versions.web ?? ort.env.versions.common });
