/**
 * Prints the GPU adapter and its limits. Measures the time of a dispatch, a pass, a submission, an
 * upload and a readback. Exits with 3 on a software adapter, unless `--software` allows one.
 */
import { dawn } from '../../src/device/dawn.node.ts';
import { openGpu } from '../../src/device/gpu.ts';
import { AtlasError } from '../../src/errors.ts';
import { median } from '../machine.ts';
import { writeResult } from '../results.ts';
import { SOFTWARE_ONLY } from './stages.ts';

const gpu = dawn();
const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
if (!adapter) throw new AtlasError('no-gpu');
const { device, name, software } = await openGpu(gpu);
const { info } = adapter;
const limits = Object.fromEntries(
  Object.keys(Object.getPrototypeOf(adapter.limits) as object).map((key) => [
    key,
    adapter.limits[key as keyof GPUSupportedLimits],
  ]),
);
const what = {
  name,
  software,
  vendor: info.vendor,
  architecture: info.architecture,
  device: info.device,
  description: info.description,
  features: [...adapter.features].sort(),
  limits,
};
if (software && !process.argv.includes('--software')) {
  writeResult('adapter', what);
  console.log(`${name} computes on the processor.`);
  process.exit(SOFTWARE_ONLY);
}

const MANY = 1000;
const BIG = 16 * 2 ** 20;
const module = device.createShaderModule({
  code: '@group(0) @binding(0) var<storage, read_write> x: array<f32>;\n@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { x[id.x] += 1.0; }',
});
const pipeline = await device.createComputePipelineAsync({
  layout: 'auto',
  compute: { module, entryPoint: 'main' },
});
const storage = device.createBuffer({
  size: BIG,
  usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
});
const group = device.createBindGroup({
  layout: pipeline.getBindGroupLayout(0),
  entries: [{ binding: 0, resource: { buffer: storage, size: 256 } }],
});

/** Milliseconds until the device has finished the submitted work. Median of nine. */
async function cost(ask: () => void | Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 9; i++) {
    await device.queue.onSubmittedWorkDone();
    const start = performance.now();
    await ask();
    await device.queue.onSubmittedWorkDone();
    times.push(performance.now() - start);
  }
  return Math.round(1000 * median(times)) / 1000;
}

function dispatches(passes: number, each: number): void {
  const encoder = device.createCommandEncoder();
  for (let p = 0; p < passes; p++) {
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    for (let i = 0; i < each; i++) pass.dispatchWorkgroups(1);
    pass.end();
  }
  device.queue.submit([encoder.finish()]);
}

async function readBack(bytes: number): Promise<void> {
  const staging = device.createBuffer({
    size: bytes,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(storage, 0, staging, 0, bytes);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  staging.destroy();
}

const big = new Float32Array(BIG / 4);
const milliseconds = {
  'one submission of one dispatch': await cost(() => dispatches(1, 1)),
  '1,000 dispatches in one pass': await cost(() => dispatches(1, MANY)),
  '1,000 passes of one dispatch': await cost(() => dispatches(MANY, 1)),
  '1,000 submissions of one dispatch': await cost(() => {
    for (let i = 0; i < MANY; i++) dispatches(1, 1);
  }),
  '4 bytes read back': await cost(() => readBack(4)),
  '16 MB read back': await cost(() => readBack(BIG)),
  '16 MB written': await cost(() => device.queue.writeBuffer(storage, 0, big)),
};
writeResult('adapter', { ...what, milliseconds });
console.log(`${name}: ${JSON.stringify(milliseconds)}`);
process.exit(0);
