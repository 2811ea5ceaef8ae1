/**
 * Measures AdaRank through the compiled pipeline against one full forward pass per probe. Runtime,
 * provider, threads, tokens and noise are the same.
 */
import { defined, elementAt } from '../src/checked.ts';
import { startEngine } from '../cli/engine.ts';
import { median, ownTime, watchOthers } from './machine.ts';
import { naiveProbe } from './naive.ts';
import { engineOptions, plainOptions } from './provider.ts';
import { originalInputs } from '../src/engine/check/original.ts';
import { adaRank, type AdaRankOptions } from '../src/methods/importance/adarank.run.ts';
import { idsBatch } from '../src/model/calibration.ts';
import { nodeFiles } from '../src/model/node-files.ts';
import { loadModel } from '../src/runtime/load.ts';

export interface BenchOptions {
  provider: string;
  threads: string;
  sequences: number;
  length: number;
  repeats: number;
}

export async function adaRankAgainstNaive(
  path: string,
  { provider, threads, sequences, length, repeats }: BenchOptions,
) {
  const options: AdaRankOptions = {
    seed: 1,
    variant: 'two-draws',
    noise: { scale: 'std' },
    repeats,
    vocabularySample: 0,
  };
  const model = await loadModel(await nodeFiles(path));
  const { graph, compiled } = model;
  const ids = Array.from({ length: sequences }, (_, s) =>
    Array.from({ length }, (_, i) => (7919 * (s * length + i + 1)) % compiled.vocab),
  );
  const batch = idsBatch(ids, compiled);
  const { engine, runtime } = await startEngine(model, engineOptions(provider, threads));
  const sessionOptions = plainOptions(runtime);

  // Five modules with different depths and roles represent all modules: a naive probe takes about
  // the same time for each module.
  const sampled = Array.from({ length: 5 }, (_, i) => {
    const ofLayer = compiled.modules.filter(
      (m) => m.layer === Math.floor(((i + 0.5) * compiled.layers) / 5),
    );
    return elementAt(ofLayer, (3 * i) % ofLayer.length);
  });
  const nodeOf = (path: string) => {
    const words = path
      .split('.')
      .slice(-4)
      .join('/')
      .replace(/^(model|transformer)\//, '');
    const found = graph.nodes.find(
      (n) =>
        n.op === 'MatMulNBits' &&
        n.name
          .replace(/\/layers\./, '/layers/')
          .includes(`${words.split('/').slice(-3).join('/')}/`),
    );
    if (!found) throw new Error(`no product for ${path}`);
    return found.name;
  };
  const naiveRound = async () => {
    const naive: { path: string; seconds: number[]; value: number }[] = [];
    for (const m of sampled) naive.push(await naiveOf(m));
    return naive;
  };
  const naiveOf = async (m: (typeof sampled)[number]) => {
    const target = {
      module: m.index,
      node: nodeOf(m.path),
      weight: engine.materialiseWeight(m.index),
      std: engine.weightStd(m.index),
    };
    const { seconds, values } = await naiveProbe({
      ort: runtime.ort,
      graph,
      target,
      batch,
      headDim: compiled.headDim,
      seed: options.seed,
      repeats: 5,
      sessionOptions,
    });
    return { path: m.path, seconds, value: values[0]! };
  };

  // Warm up both sides: sessions are built, and V8 finishes compiling its code. The first probes of
  // a process are several times slower than the rest, on either side.
  await naiveRound();
  await measure({});
  const others = watchOthers();
  const used = ownTime();
  const first = await measure({});
  const naive = await naiveRound();
  const elsewhere = others(ownTime() - used);
  const forwardSeconds = await originalForward();
  const probeSeconds = median(naive.flatMap((n) => n.seconds));
  const naiveSeconds = probeSeconds * compiled.modules.length * options.repeats;
  const largestDifference = Math.max(
    ...naive.map((n, i) => Math.abs(first.values[elementAt(sampled, i).index]! / n.value - 1)),
  );
  const size = Math.round(compiled.vocab / 8);
  const partial = await measure({ vocabularySample: size });
  const errors = partial.values.map((v, i) => Math.abs(v / first.values[i]! - 1));
  await engine.dispose();
  return {
    model: model.open.title,
    provider,
    threads: engine.provider.threads,
    sequences,
    length,
    modules: compiled.modules.length,
    others: elsewhere,
    sampled: naive,
    probeSeconds,
    forwardSeconds,
    repeats: options.repeats,
    naiveSeconds,
    ourSeconds: first.seconds,
    ratio: naiveSeconds / first.seconds,
    largestDifference,
    vocabularySample: {
      size,
      ratio: naiveSeconds / partial.seconds,
      meanError: errors.reduce((s, e) => s + e, 0) / errors.length,
    },
  };

  async function originalForward(): Promise<number> {
    const external = [...model.open.external].map(([path, data]) => ({ path, data }));
    const session = await runtime.ort.InferenceSession.create(model.open.graph, {
      ...sessionOptions,
      externalData: external,
    });
    const feeds = originalInputs({ ort: runtime.ort, session, batch, headDim: compiled.headDim });
    const times: number[] = [];
    for (let i = 0; i < 3; i++) {
      const start = performance.now();
      const { logits } = await session.run(feeds, ['logits']);
      await defined(logits).getData();
      defined(logits).dispose();
      times.push((performance.now() - start) / 1000);
    }
    await session.release();
    return Math.min(...times);
  }

  /** One complete run including the clean pass. The values are those of the first repeat. */
  async function measure(
    over: Partial<AdaRankOptions>,
  ): Promise<{ seconds: number; values: number[] }> {
    const start = performance.now();
    const values: number[] = [];
    const pass = await engine.cleanPass(batch);
    for await (const event of adaRank({
      engine,
      pass,
      options: { ...options, ...over },
      control: { granularity: () => 'batch' },
      known: () => false,
      now: () => performance.now(),
    })) {
      if (event.type === 'draws' && event.repeat === 0)
        event.modules.forEach((m, i) => {
          values[m] = event.values[i]!;
        });
    }
    pass.dispose();
    return { seconds: (performance.now() - start) / 1000, values };
  }
}
