/**
 * Replaces weights in the export, module by module. Pruned and compressed models are saved this
 * way.
 */
import { elementAt } from '../../checked.ts';
import { replaced } from '../../compiler/replaced.ts';
import { quantiseInt4 } from '../../model/int4.ts';
import { dequantise } from '../../model/weights.ts';
import type { Graph } from '../../onnx/graph.ts';

/**
 * `weightOf` returns a module's new weight [out, in] as float32, or null to leave it unchanged. A
 * packed projection is rewritten if any of its modules changes. `int4` rounds to 4 bits in blocks
 * of 32. `head` is a new vocabulary projection, float32 in both forms. Serialise the result with
 * `writeGraph`. Throws what `compile` throws.
 */
export async function withWeights(
  graph: Graph,
  weightOf: (module: number) => Float32Array | null,
  form: 'float32' | 'int4',
  head?: Float32Array,
): Promise<Graph> {
  return replaced(
    graph,
    async ({ weight, modules }) => {
      const news = modules.map(({ module, offset }) => ({ offset, values: weightOf(module) }));
      if (news.every(({ values }) => !values)) return null;
      const { rows, inFeatures } = weight;
      const alone = news.length === 1 ? elementAt(news, 0).values : null;
      const whole = alone ?? dequantise(weight);
      if (!alone)
        for (const { offset, values } of news) if (values) whole.set(values, offset * inFeatures);
      return form === 'int4'
        ? { kind: 'int4', ...quantiseInt4(whole, rows, inFeatures) }
        : { kind: 'float32', values: whole };
    },
    head && { kind: 'float32', values: head },
  );
}
