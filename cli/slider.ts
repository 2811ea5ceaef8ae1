/**
 * The rank slider on the command line: progress on stderr, the loss at every rank on stdout, the
 * result with `--out`.
 */
import { defined, elementAt } from '../src/checked.ts';
import { columns } from '../src/studies/map/export.ts';
import { runSlider, type SliderCheckpoint, type SliderResult } from '../src/studies/slider/run.ts';
import { reduceSlider, type SliderState } from '../src/studies/slider/state.ts';
import { BAND, doingNow } from '../src/studies/slider/verdict.ts';
import type { StudyContext } from '../src/studies/contract.ts';
import { smallestWithin } from '../src/methods/qdylora.ts';
import { describeBytes } from '../src/model/figures.ts';
import type { Keeper } from './checkpoints.ts';
import { measured, type KnownDraws } from './measured.ts';
import { writeBytes } from './output.ts';
import { clearLine, line } from './progress.ts';
import { steps } from './stopping.ts';
import { openStudy, type StudyCommand } from './study.ts';

export const slider: StudyCommand = async (spec, options) => {
  const { context, keeper, dispose } = await openStudy(spec, options);
  let state: SliderState | null = null;
  try {
    const checkpoint = await keeper<SliderCheckpoint>('slider');
    const map = spec.slider.ranks === 'map' ? await keeper<KnownDraws>(null) : null;
    // A checkpoint has the ranks that followed from the map.
    const importances = map && !checkpoint.from ? await importancesOf(context, map) : null;
    for await (const event of steps(
      runSlider({ ...context, importances, checkpoint }),
      checkpoint,
    )) {
      state = reduceSlider(state, event);
      if (event.type === 'base')
        console.error(
          `linear layers: ${describeBytes(event.bytes)}, ${event.perWeight.toFixed(3)} bytes a weight`,
        );
      const doing = doingNow(state);
      const loss = state.trainings.at(-1)?.losses.at(-1);
      if (doing)
        line(
          `${{ base: 'Preparing the weights', training: 'Training all ranks', curve: 'Judging ranks', separate: 'Training LoRAs beside' }[doing.what]}, ${doing.done} of ${doing.of}${loss === undefined ? '' : `, loss ${loss.toFixed(4)}`}`,
        );
    }
  } finally {
    clearLine();
    await dispose();
  }
  const result = defined(defined(state).result);
  if (options.out !== undefined)
    await writeBytes(options.out, `${JSON.stringify(result, null, 1)}\n`);
  console.log(sliderText(result));
  return 0;
};

/** The map's importances, measured as the experiment says. */
async function importancesOf(context: StudyContext, keeper: Keeper<KnownDraws>): Promise<number[]> {
  const result = await measured(
    context,
    await context.tokens(context.spec.text, context.spec),
    keeper,
    (_, { type }) => line(`Measuring the ranks, ${type}`),
  );
  return result.modules.map((m) => m.importance);
}

/** Loss by rank, the LoRAs beside, and what the curve says. */
export function sliderText({
  spec,
  training: { parameters, evaluations, time },
  curve: { losses, knee },
  separate,
}: SliderResult): string {
  const { steps, batch, length, learningRate } = spec.training;
  const base = elementAt(evaluations, 0).loss;
  const best = Math.min(...losses.map((l) => l.loss));
  const rows = losses.map(({ rank, loss }) => {
    const own = separate.find((s) => s.rank === rank)?.evaluations.at(-1)?.loss;
    return [
      String(rank),
      loss.toFixed(4),
      `${(100 * (loss / best - 1)).toFixed(2)} %`,
      ...(separate.length > 0 ? [own?.toFixed(4) ?? ''] : []),
    ];
  });
  return [
    `${steps} steps of ${batch} x ${length} tokens, learning rate ${learningRate}, ${spec.slider.mode}: ${parameters} parameters, ${(time / 1000).toFixed(1)} s. Loss without an adapter: ${base.toFixed(4)} nats per token.`,
    '',
    ...columns([
      ['rank', 'loss', 'above best', ...(separate.length > 0 ? ['LoRA alone'] : [])],
      ...rows,
    ]),
    '',
    `Rank ${smallestWithin(losses, BAND).rank} is the smallest within ${100 * BAND} % of the best loss; rank ${knee} the smallest that keeps 95 % of the best improvement.`,
  ].join('\n');
}
