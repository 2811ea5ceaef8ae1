/**
 * `rank-atlas export`: writes an adapter in PEFT's format or a model with the adapter merged. The
 * source is an existing adapter, or the ranks of a result with untrained weights.
 */
import { defined, elementAt } from '../src/checked.ts';
import { adapterPlaces } from '../src/compiler/modules.ts';
import { loraDelta } from '../src/device/twins.ts';
import type { AdapterValues } from '../src/engine/engine.ts';
import { withWeights } from '../src/engine/pieces/replaced-model.ts';
import { headWeight } from '../src/model/weights.ts';
import { AtlasError } from '../src/errors.ts';
import { exportPeft } from '../src/adapters/peft.ts';
import { parseResult } from '../src/experiment/result-file.ts';
import { initialAdapters } from '../src/methods/lora.ts';
import { describeBytes } from '../src/model/figures.ts';
import { writeSafetensors } from '../src/model/safetensors.ts';
import { dequantise } from '../src/model/weights.ts';
import { writeModel, type ModelPart } from '../src/onnx/write-model.ts';
import type { LoadedModel } from '../src/runtime/load.ts';
import { isAdapter, writeAdapter } from './adapter-files.ts';
import { readJson } from './disk.ts';
import { adapterAt, modelFor } from './import.ts';
import type { Command } from './options.ts';
import { writeModelFolder } from './model-folder.ts';

interface Source {
  adapters: readonly AdapterValues[];
  scale(module: number): number;
  rsLora: boolean;
  trained: boolean;
}

/** The scale s = α/r of untrained adapters: 2, as is usual for LoRA. */
const SCALE = 2;

export const exportAdapter: Command = async (path, options) => {
  const { out, 'out-model': folder } = options;
  if (out === undefined && folder === undefined)
    throw new AtlasError('usage', {
      why: 'export needs --out FOLDER or FILE.zip, or --out-model FOLDER',
    });
  const model = await modelFor(options);
  const source = (await isAdapter(path))
    ? { ...(await adapterAt(path, model)), trained: true }
    : await untrained(path, model);
  if (folder !== undefined && !source.trained)
    throw new AtlasError('usage', {
      why: 'a result has ranks but no trained adapter to merge; --out-model needs an adapter',
    });

  const written: Record<string, number> = {};
  if (out !== undefined) {
    const files = exportPeft({
      ...source,
      modules: adapterPlaces(model.compiled),
      baseModel: model.open.title,
      taskType: 'CAUSAL_LM',
    });
    await writeAdapter(out, files);
    for (const [name, bytes] of files) written[`${out}: ${name}`] = bytes.length;
  }
  if (folder !== undefined) {
    for (const [path, bytes] of await writeModelFolder(
      folder,
      mergedFiles(model, source),
      model.open,
    ))
      written[path] = bytes;
  }
  if (options.json)
    console.log(
      JSON.stringify(
        { adapters: source.adapters.length, trained: source.trained, written },
        null,
        2,
      ),
    );
  else {
    console.log(
      `${source.adapters.length} adapters${source.trained ? '' : ', untrained (A initialised as in PEFT, B zero)'}`,
    );
    for (const [name, bytes] of Object.entries(written))
      console.log(`${name}: ${describeBytes(bytes)}`);
  }
  return 0;
};

/**
 * Untrained adapters at a result's ranks, initialised as in PEFT. Throws `bad-result` and
 * `adapter-model`.
 */
async function untrained(path: string, { compiled: { modules } }: LoadedModel): Promise<Source> {
  const result = parseResult(
    await readJson(
      path,
      `"${path.slice(0, 200)}" is neither an adapter (a folder, a zip) nor a result file`,
    ),
    path,
  );
  const ranks = new Map(result.modules.map((m) => [m.path, m.rank]));
  const stranger = modules.find((m) => !ranks.has(m.path));
  if (stranger || ranks.size !== modules.length)
    throw new AtlasError('adapter-model', {
      file: path,
      why: `its ${ranks.size} modules do not match the ${modules.length} modules of the open model`,
    });
  const adapters = initialAdapters(
    result.spec.seed,
    modules,
    modules.map((m) => defined(ranks.get(m.path))),
  );
  return { adapters, scale: () => SCALE, rsLora: false, trained: false };
}

/**
 * Yields `onnx/model.onnx` (and `onnx/model.onnx_data`), the export with the adapted weights as
 * float32, then `weights.safetensors` with those weights alone as `<path>.weight` [out, in]. An
 * adapted head is included, even if it was tied.
 */
async function* mergedFiles(
  { graph, compiled }: LoadedModel,
  { adapters, scale }: Source,
): AsyncGenerator<ModelPart> {
  const places = adapterPlaces(compiled);
  const head = compiled.modules.length;
  const weights = new Map(
    adapters.map(({ module, rank, loraA, loraB }) => {
      const { outFeatures, inFeatures } = elementAt(places, module);
      const weight = module === head ? headWeight(compiled.head) : compiled.weightOf(module);
      return [
        module,
        loraDelta({
          a: loraA,
          b: loraB,
          base: dequantise(weight),
          mask: null,
          outputs: outFeatures,
          inputs: inFeatures,
          rank,
          scale: scale(module),
        }),
      ];
    }),
  );
  yield* writeModel(
    await withWeights(graph, (module) => weights.get(module) ?? null, 'float32', weights.get(head)),
    'onnx/model.onnx',
  );
  const named = [...weights].map(([module, data]) => {
    const { path, outFeatures, inFeatures } = elementAt(places, module);
    return [`${path}.weight`, { shape: [outFeatures, inFeatures], data }] as const;
  });
  const bytes = writeSafetensors(new Map(named), { format: 'pt' });
  yield { name: 'weights.safetensors', bytes: bytes.length, chunks: [bytes] };
}
