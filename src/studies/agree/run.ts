/**
 * The agreement study: every method measures the same modules on the experiment's text and seed, by
 * its own definition (`race/measure.ts`). Spearman's ρ compares their orders.
 */
import { correlations, type AgreeEvent, type AgreeResult, type AgreeState } from './state.ts';
import { nameOf } from '../map/events.ts';
import { measure, timed } from '../race/measure.ts';
import type { StudyContext } from '../context.ts';

/** EVA gives ranks on a budget and no importances, so its ranks at this mean rank are compared. */
const EVA_MEAN_RANK = 8;

/**
 * Runs the comparison. Reuses the map's importances for the method that measured them. Throws
 * `bad-text` and what the engine throws.
 */
export async function* runAgree(
  context: StudyContext,
  state: () => AgreeState,
): AsyncGenerator<AgreeEvent, void, undefined> {
  const { spec, model, provider, versions, tokens, importances, now } = context;
  const batch = await tokens(spec.text, spec);
  const budget = { meanRank: EVA_MEAN_RANK, equal: 'ranks' } as const;
  const measuring = {
    ...context,
    spec: { ...spec, race: { ...spec.race, meanRanks: [EVA_MEAN_RANK] } },
  };
  yield {
    type: 'start',
    spec,
    model: nameOf(model),
    provider,
    versions,
    modules: model.modules.map(({ path, layer, role }) => ({ path, layer, role })),
    tokens: { sequences: batch.sequences, length: batch.length },
  };
  for (const method of spec.agree.methods) {
    const { found, milliseconds } = yield* timed(
      measure(measuring, method, batch, null),
      now,
      (step) => ({ type: 'measuring' as const, method, ...step }),
    );
    yield {
      type: 'measured',
      method,
      importances: found.importances ?? found.ranks(budget, spec.seed),
      milliseconds: importances && spec.method.name === method ? null : milliseconds,
    };
  }
  yield { type: 'done', result: resultOf(state()) };
}

function resultOf({
  spec,
  model,
  provider,
  versions,
  modules,
  tokens,
  measured,
}: AgreeState): AgreeResult {
  return {
    format: 'rank-atlas-agreement',
    version: 1,
    spec,
    model,
    provider,
    versions,
    modules,
    tokens,
    measured,
    spearman: correlations(measured),
  };
}
