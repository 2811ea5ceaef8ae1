/** Which adapter the tests choose. */
import { expect, test } from 'vitest';
import { isSoftware, type Gpu } from './gpu.ts';
import { preferReal, testGpu } from './test-gpu.ts';
import { nullGpu } from './test-null-gpu.ts';

test('on this machine: none, or what it says it is; and the same again', async () => {
  const gpu = await testGpu();
  const again = await testGpu();
  expect(again?.name).toBe(gpu?.name);
  expect(gpu?.software).toBe(gpu ? isSoftware(gpu.device.adapterInfo) : undefined);
  gpu?.device.destroy();
  again?.device.destroy();
});

test('a real adapter goes before a software one, wherever it is found; else the last one there is', async () => {
  const made = async (software: boolean): Promise<Gpu> => ({ ...(await nullGpu()), software });
  const real = await made(false);
  const first = await made(true);
  const second = await made(true);
  const none = async () => null;
  const look = (gpu: Gpu) => async () => gpu;
  expect(
    await preferReal([
      look(real),
      () => {
        throw new Error('looked on');
      },
    ]),
  ).toBe(real);
  expect(await preferReal([look(first), look(real)])).toBe(real);
  // The device of the rejected adapter is destroyed.
  expect((await first.device.lost).reason).toBe('destroyed');
  expect(await preferReal([look(second), none])).toBe(second);
  expect(await preferReal([none, none])).toBe(null);
  for (const { device } of [real, second]) device.destroy();
});
