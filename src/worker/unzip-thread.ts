/** The thread that `unzip.ts` starts. */
import { unzipped } from '../model/zip.ts';
import type { UnzipAnswer, UnzipJob } from './unzip.ts';

async function answerTo({ entry, packed, maxBytes }: UnzipJob): Promise<UnzipAnswer> {
  try {
    return {
      content: unzipped({ ...entry, packed: new Uint8Array(await packed.arrayBuffer()) }, maxBytes),
    };
  } catch (error) {
    return { why: (error as Error).message };
  }
}

self.onmessage = ({ data }: MessageEvent<UnzipJob>) =>
  void answerTo(data).then((answer) => {
    self.postMessage(answer, { transfer: 'content' in answer ? [answer.content.buffer] : [] });
  });
