/**
 * The export with weights of its linear layers replaced, module by module: what pruned and
 * compressed models are saved as.
 */
import { elementAt } from '../../checked.ts';
import { replaced } from '../../compiler/replaced.ts';
import { quantiseInt4 } from '../../model/int4.ts';
import { dequantise } from '../../model/weights.ts';
import type { Graph } from '../../onnx/graph.ts';

/**
 * `weightOf` gives a module's new weight [out, in] as float32, null leaves it as it is; a packed
 * projection is rewritten when any of its modules is. `int4`: rounded to 4 bits in blocks of 32.
 * `head`: a new vocabulary product, float32 either way. `writeGraph` makes the file. Throws what
 * `compile` throws.
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
