/**
 * Converts a task to samples of token ids: reads and validates its table, tokenises it and splits
 * it by the seed.
 */
import * as z from 'zod/mini';
import { elementAt } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';
import type { Sample } from '../../methods/compress/task.ts';
import { epochOrder } from '../../methods/windows.ts';
import { taskRowSchema, type TaskRow } from './settings.ts';
import { taskFile } from './study.ts';
import '../../spec/messages.ts';
import { firstIssue } from '../../spec/parse.ts';
import type { StudyContext } from '../context.ts';

/** The text of a sample; plain text has no options. */
export interface ShownSample {
  question: string;
  options: string[];
  answer: number;
}

export interface TaskSplit {
  /** The samples that choose the removals. */
  calibration: Sample[];
  /** The samples that evaluate the result; disjoint from the calibration samples. */
  test: Sample[];
  shown: ShownSample[];
}

const fileSchema = z.object({ rows: z.array(taskRowSchema).check(z.minLength(1)) });

/**
 * Reads the table of a file: `{"rows": [{"question": …, "options": […], "answer": 0}]}`. Throws
 * `bad-task`.
 */
export function readTask(text: string): TaskRow[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new AtlasError(
      'bad-task',
      {
        why: 'it is not JSON',
        remedy: 'Write it as {"rows": [{"question", "options", "answer"}]}.',
      },
      { cause },
    );
  }
  const parsed = fileSchema.safeParse(json);
  if (parsed.success) return parsed.data.rows;
  const { at, why } = firstIssue(parsed.error);
  throw new AtlasError('bad-task', { why: `at "${at}": ${why}`, remedy: 'Correct that line.' });
}

/** Throws `bad-task`, and what `tokens` throws. */
export async function splitTask(context: StudyContext): Promise<TaskSplit> {
  const {
    spec: {
      compress: { task, samples, test },
      seed,
    },
  } = context;
  if (task.kind === 'text')
    return split(await textSamples(context, samples + test), samples, test, seed);
  const rows = task.kind === 'own' ? task.rows : readTask(await fileIn(context, taskFile(task.id)));
  if (new Set(rows.map((r) => r.options[r.answer])).size === 1)
    throw new AtlasError('bad-task', {
      why: 'every row has the same answer',
      remedy: 'Add rows with other answers.',
    });
  // A question starts a text; an option continues it.
  const encode = async (
    text: string,
    what: string,
    read: (text: string) => Promise<Int32Array> = context.encode,
  ): Promise<Int32Array> => {
    const ids = await read(text);
    if (ids.length === 0)
      throw new AtlasError('bad-task', {
        why: `the tokenizer gives no tokens for ${what}`,
        remedy: 'Write it differently.',
      });
    return ids;
  };
  const all = await Promise.all(
    rows.map(async ({ question, options, answer }, i) => ({
      shown: { question, options, answer },
      sample: {
        ids: await encode(question, `the question of row ${i + 1}`, context.prompt),
        options: await Promise.all(options.map((o) => encode(o, `an option of row ${i + 1}`))),
        answer,
      },
    })),
  );
  return split(all, samples, test, seed);
}

function fileIn({ file }: StudyContext, path: string): Promise<string> {
  if (!file)
    throw new AtlasError('no-file', { file: path, why: 'this program has no bundled files' });
  return file(path);
}

interface Both {
  shown: ShownSample;
  sample: Sample;
}

async function textSamples(
  { spec, tokens, decode }: StudyContext,
  sequences: number,
): Promise<Both[]> {
  const { task } = spec.compress;
  if (task.kind !== 'text') return [];
  const batch = await tokens(task.text, { sequences, length: task.length });
  return Promise.all(
    Array.from({ length: batch.sequences }, async (_, s) => {
      const ids = batch.ids.slice(s * batch.length, (s + 1) * batch.length);
      return {
        shown: { question: await decode(ids), options: [], answer: 0 },
        sample: { ids, options: [], answer: 0 },
      };
    }),
  );
}

/**
 * If there are fewer samples than requested, at most half of them are for calibration. Throws
 * `bad-task` below 8.
 */
function split(all: readonly Both[], samples: number, test: number, seed: number): TaskSplit {
  if (all.length < 8)
    throw new AtlasError('bad-task', {
      why: `it has ${all.length} samples`,
      remedy: 'At least 8 are needed: for selection and for testing.',
    });
  const order = epochOrder(seed, 0, all.length);
  const count =
    all.length >= samples + test ? samples : Math.min(samples, Math.floor(all.length / 2));
  const of = (from: number, to: number) =>
    Array.from(order.subarray(from, to), (i) => elementAt(all, i));
  const judges = of(count, count + test);
  return {
    calibration: of(0, count).map((b) => b.sample),
    test: judges.map((b) => b.sample),
    shown: judges.map((b) => b.shown),
  };
}
