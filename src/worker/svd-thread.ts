/** A browser thread that decomposes weights. */
import { answerTo, buffersOf } from '../methods/compress/pool.ts';
import type { SvdJob } from '../methods/compress/decompositions.ts';

self.onmessage = ({ data }: MessageEvent<SvdJob>) => {
  const answer = answerTo(data);
  self.postMessage(answer, { transfer: buffersOf(answer) });
};
