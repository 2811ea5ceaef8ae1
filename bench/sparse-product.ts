/**
 * `npm run bench:sparse [-- --rows 1,64,512 --inputs 576 --outputs 1536]`: measures whether 2:4
 * sparsity makes a product faster without hardware support. Compares our kernel on the GPU and our
 * loop on the CPU, each with and without sparsity, with the runtime's dense products. Every result
 * is first checked against the direct sum. Prints and writes the figures.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { defined, elementAt } from '../src/checked.ts';
import { loadRuntime } from '../cli/runtime.ts';
import { testGpu } from '../src/device/test-gpu.ts';
import { fillNormal } from '../src/device/random.ts';
import { moduleKeys } from '../src/device/streams.ts';
import { gemm } from '../src/engine/backends/test-graphs.ts';
import { webgpuOptions } from '../src/engine/backends/webgpu-backend.ts';
import { median, ownTime, provenance, watchOthers } from './machine.ts';
import { writeResult } from './results.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1,64,512' },
    inputs: { type: 'string', default: '576' },
    outputs: { type: 'string', default: '1536' },
  },
});
const inputs = Number(values.inputs);
const outputs = Number(values.outputs);
if (inputs % 32 !== 0) throw new Error('--inputs has to be a multiple of 32');

/**
 * Retains the two largest weights of every four in a row: their values, and two bits each for their
 * positions.
 */
function retainTwoOfFour(w: Float32Array): {
  retained: Float32Array;
  places: Uint32Array;
  dense: Float32Array;
} {
  const retained = new Float32Array(w.length / 2);
  const places = new Uint32Array(w.length / 32);
  const dense = new Float32Array(w.length);
  for (let g = 0; g < w.length / 4; g++) {
    const order = [0, 1, 2, 3]
      .sort((a, b) => Math.abs(w[4 * g + b]!) - Math.abs(w[4 * g + a]!))
      .slice(0, 2)
      .sort();
    order.forEach((place, j) => {
      const n = 2 * g + j;
      retained[n] = dense[4 * g + place] = w[4 * g + place]!;
      places[n >> 4]! |= place << (2 * (n & 15));
    });
  }
  return { retained, places, dense };
}

/** y[t, o] = Σ_k x[t, k] w[o, k]. */
function denseLoop(x: Float32Array, w: Float32Array, rows: number, y: Float32Array): void {
  for (let t = 0; t < rows; t++) {
    for (let o = 0; o < outputs; o++) {
      let a = 0;
      let b = 0;
      for (let k = 0, i = t * inputs, j = o * inputs; k < inputs; k += 2) {
        a += x[i + k]! * w[j + k]!;
        b += x[i + k + 1]! * w[j + k + 1]!;
      }
      y[t * outputs + o] = a + b;
    }
  }
}

/** The same product over the retained weights. */
function sparseLoop({
  x,
  retained,
  places,
  rows,
  y,
}: {
  x: Float32Array;
  retained: Float32Array;
  places: Uint32Array;
  rows: number;
  y: Float32Array;
}): void {
  for (let t = 0; t < rows; t++) {
    for (let o = 0; o < outputs; o++) {
      let a = 0;
      let b = 0;
      for (let word = 0, i = t * inputs, j = (o * inputs) / 2; word < inputs / 32; word++) {
        let p = places[(o * inputs) / 32 + word]!;
        for (let n = 0; n < 8; n++, i += 4, j += 2, p >>>= 4) {
          a += x[i + (p & 3)]! * retained[j]!;
          b += x[i + ((p >>> 2) & 3)]! * retained[j + 1]!;
        }
      }
      y[t * outputs + o] = a + b;
    }
  }
}

type Way = {
  name: string;
  run: () => Promise<unknown> | void;
  result: () => Promise<Float32Array> | Float32Array;
};

const w = retainTwoOfFour(fillNormal(moduleKeys(1, 0, 0), new Float32Array(outputs * inputs)));
const { ort } = await loadRuntime('wasm', '1');
const dense = await ort.InferenceSession.create(gemm(), { executionProviders: ['wasm'] });

async function onCpu(x: Float32Array, rows: number): Promise<Way[]> {
  const y = new Float32Array(rows * outputs);
  const feeds = {
    x: new ort.Tensor('float32', x, [rows, inputs]),
    n: new ort.Tensor('float32', w.dense, [outputs, inputs]),
  };
  let last: Float32Array = y;
  return [
    { name: 'CPU, our loop, dense', run: () => denseLoop(x, w.dense, rows, y), result: () => y },
    {
      name: 'CPU, our loop, 2:4',
      run: () => sparseLoop({ x, retained: w.retained, places: w.places, rows, y }),
      result: () => y,
    },
    {
      name: 'CPU, the runtime’s dense product, 1 thread',
      run: async () => {
        last = defined((await dense.run(feeds)).y).data as Float32Array;
      },
      result: () => last,
    },
  ];
}

const gpu = await testGpu();
const gpuOrt = gpu && (await loadRuntimeOn());
async function loadRuntimeOn() {
  const webgpu = (await import('onnxruntime-web/webgpu')) as unknown as typeof ort;
  webgpu.env.wasm.numThreads = 1;
  return {
    webgpu,
    session: await webgpu.InferenceSession.create(gemm(), {
      ...webgpuOptions(defined(gpu).device),
      preferredOutputLocation: 'gpu-buffer',
    }),
  };
}

async function onGpu(x: Float32Array, rows: number): Promise<Way[]> {
  if (!gpu || !gpuOrt) return [];
  const { device } = gpu;
  const { webgpu, session } = gpuOrt;
  const upload = (data: Float32Array | Uint32Array, usage = GPUBufferUsage.STORAGE) => {
    const buffer = device.createBuffer({
      size: Math.ceil(data.byteLength / 16) * 16,
      usage: usage | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
    });
    device.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
    return buffer;
  };
  const xs = upload(x);
  const dense = upload(w.dense);
  const retained = upload(w.retained);
  const places = upload(w.places);
  const y = upload(new Float32Array(rows * outputs));
  const sizes = upload(Uint32Array.of(rows, inputs, outputs, 0), GPUBufferUsage.UNIFORM);
  const module = device.createShaderModule({
    code: readFileSync(resolve(import.meta.dirname, 'sparse-product.wgsl'), 'utf8'),
  });
  const read = async (from: GPUBuffer) => {
    const copy = device.createBuffer({
      size: 4 * rows * outputs,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(from, 0, copy, 0, 4 * rows * outputs);
    device.queue.submit([encoder.finish()]);
    await copy.mapAsync(GPUMapMode.READ);
    const data = new Float32Array(copy.getMappedRange().slice(0));
    copy.destroy();
    return data;
  };
  const own = (name: string, entryPoint: 'dense' | 'sparse', weights: GPUBuffer): Way => {
    const pipeline = device.createComputePipeline({
      layout: 'auto',
      compute: { module, entryPoint },
    });
    const buffers = [xs, weights, entryPoint === 'sparse' ? places : null, y, sizes];
    const bindings = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: buffers.flatMap((buffer, binding) =>
        buffer ? [{ binding, resource: { buffer } }] : [],
      ),
    });
    const run = async () => {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindings);
      pass.dispatchWorkgroups(Math.ceil(outputs / 64), Math.ceil(rows / 64));
      pass.end();
      device.queue.submit([encoder.finish()]);
      await device.queue.onSubmittedWorkDone();
    };
    return { name: `${gpu.name}, ${name}`, run, result: () => read(y) };
  };
  const tensor = (gpuBuffer: GPUBuffer, dims: number[]) =>
    webgpu.Tensor.fromGpuBuffer(gpuBuffer as never, { dataType: 'float32', dims });
  const feeds = { x: tensor(xs, [rows, inputs]), n: tensor(dense, [outputs, inputs]) };
  const fetches = { y: tensor(y, [rows, outputs]) };
  const runtime: Way = {
    name: `${gpu.name}, the runtime’s dense product`,
    run: async () => {
      await session.run(feeds, fetches);
      await device.queue.onSubmittedWorkDone();
    },
    result: () => read(y),
  };
  return [
    own('our kernel, dense', 'dense', dense),
    own('our kernel, 2:4', 'sparse', retained),
    runtime,
  ];
}

const others = watchOthers();
const used = ownTime();
const table: { rows: number; ways: { name: string; milliseconds: number; error: number }[] }[] = [];
for (const rows of values.rows.split(',').map(Number)) {
  const x = fillNormal(moduleKeys(2, 0, 0), new Float32Array(rows * inputs));
  const exact = new Float32Array(rows * outputs);
  denseLoop(x, w.dense, rows, exact);
  const ways = [...(await onCpu(x, rows)), ...(await onGpu(x, rows))];
  const times = ways.map(() => [] as number[]);
  const largest = exact.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  const errors: number[] = [];
  for (const way of ways) {
    await way.run();
    const y = await way.result();
    errors.push(exact.reduce((m, v, i) => Math.max(m, Math.abs(v - y[i]!)), 0) / largest);
  }
  if (errors.some((e) => !(e < 1e-5)))
    throw new Error(
      `the products differ: ${ways.map((v, i) => `${v.name} ${errors[i]}`).join(', ')}`,
    );
  // Alternate, so that other load affects all ways equally.
  for (let turn = 0; turn < 15; turn++) {
    for (const [i, way] of ways.entries()) {
      const start = performance.now();
      await way.run();
      elementAt(times, i).push(performance.now() - start);
    }
  }
  table.push({
    rows,
    ways: ways.map(({ name }, i) => ({
      name,
      milliseconds: median(elementAt(times, i)),
      error: errors[i]!,
    })),
  });
  console.log(`${rows} × ${inputs} by ${outputs} × ${inputs}`);
  for (const { name, milliseconds } of elementAt(table, -1).ways)
    console.log(`  ${name.padEnd(60)} ${milliseconds.toFixed(2).padStart(8)} ms`);
}
const report = { ...provenance(), others: others(ownTime() - used), inputs, outputs, table };
writeResult('sparse-product', report);
process.exit(0);
