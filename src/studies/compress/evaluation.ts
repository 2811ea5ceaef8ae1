/** Evaluates the accepted removals on the test samples, on plain text and by a generated text. */
import { elementAt } from '../../checked.ts';
import { AtlasError } from '../../errors.ts';
import type { Judged, SampleScore } from '../../methods/compress/task.ts';
import { sampler } from '../../methods/sampling.ts';
import { summarise } from '../../methods/statistics.ts';
import { pickSequences } from '../../methods/windows.ts';
import { figuresOf, type CompressRun, type Steps } from './phases.ts';
import type { CompressResult, Removal, StepFigures } from './state.ts';
import { TokenText } from '../token-text.ts';

/**
 * Evaluates the test samples with the original model, then after each accepted step, and
 * generates a text each time.
 */
export async function* evaluateSteps(
  run: CompressRun,
  steps: readonly Removal[],
): Steps<Pick<CompressResult, 'samples' | 'text'> & { steps: StepFigures[]; losses: number[][] }> {
  const {
    task,
    engine,
    context: {
      spec: {
        samples: { prompt },
      },
    },
  } = run;
  const bench = run.bench(task.test);
  const judged: Judged[] = [];
  const figures: StepFigures[] = [];
  const losses: number[][] = [];
  const brief = ({ right, loss, chosen }: SampleScore) => ({ right, loss, chosen });
  const texts: (string | null)[] = [];
  try {
    yield* run.working({ phase: 'test', work: bench.open(), steps: bench.batches });
    for (const step of [null, ...steps]) {
      if (step) {
        await engine.setWeight(step.module, run.weights.cut(step));
        bench.settle(run.layerOf(step.module));
      }
      const now = yield* run.working({
        phase: 'test',
        work: bench.judge(),
        steps: bench.batches,
      });
      const plain = yield* plainLosses(run);
      judged.push(now);
      losses.push(plain);
      figures.push({ ...figuresOf(now), plain: summarise(plain).mean });
      texts.push(texts.includes(null) ? null : yield* generated(run));
      yield {
        type: 'step',
        figures: elementAt(figures, -1),
        scores: now.samples.map(brief),
        plain,
      };
    }
    const written = texts.filter((t) => t !== null);
    return {
      steps: figures,
      losses,
      samples: task.shown.map((shown, i) => ({
        ...shown,
        scores: judged.map((j) => brief(elementAt(j.samples, i))),
      })),
      text: written.length === texts.length ? { prompt, steps: written } : null,
    };
  } finally {
    bench.dispose();
    for (const { module } of steps) await engine.setWeight(module, null);
  }
}

/**
 * Next-token loss of each sequence of the plain text under the current weights, in nats per
 * token.
 */
export async function* plainLosses(run: CompressRun): Steps<number[]> {
  const {
    task: { plain },
    engine,
  } = run;
  const losses: number[] = [];
  async function* sequences(): AsyncGenerator<void, void, undefined> {
    for (let i = 0; i < plain.sequences; i++) {
      const { sum, tokens } = await engine.evaluate(pickSequences(plain, [i]));
      losses.push(sum / tokens);
      yield;
    }
  }
  yield* run.working({ phase: 'plain', work: sequences(), steps: plain.sequences });
  return losses;
}

/**
 * Continues the experiment's prompt with the current weights; null if the model cannot generate,
 * or not from this prompt.
 */
async function* generated(run: CompressRun): Steps<string | null> {
  const { context } = run;
  const {
    spec: {
      samples: { prompt: words, tokens, temperature, topP },
      seed,
    },
  } = context;
  const stop = await context.endTokens();
  const prompt = await context.prompt(words);
  const text = new TokenText(prompt, (ids) => context.decode(ids));
  const writing = run.engine.generate({
    prompt,
    tokens,
    choose: sampler({ temperature, topP, seed }),
    stop,
  });
  let out = '';
  try {
    for (let done = 1; ; done++) {
      const start = context.now();
      const next = await writing.next();
      run.times.text += context.now() - start;
      if (next.done) return out;
      out += await text.add(next.value.id, done === tokens || stop.includes(next.value.id));
      yield { type: 'progress', phase: 'text', done, of: tokens };
    }
  } catch (error) {
    // The figures are valid without the text.
    if (
      error instanceof AtlasError &&
      (error.code === 'operator' || error.code === 'bad-text' || error.code === 'too-large')
    )
      return null;
    throw error;
  } finally {
    await writing.return();
  }
}
