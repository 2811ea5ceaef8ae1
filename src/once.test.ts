import { expect, test } from 'vitest';
import { Once } from './once.ts';

test('it is made once', async () => {
  let count = 0;
  const once = new Once(async () => ++count);
  expect(once.now).toBeNull();
  expect(await Promise.all([once.get(), once.get()])).toEqual([1, 1]);
  expect(await once.now).toBe(1);
});

test('a failure is forgotten: the next use tries again', async () => {
  let fails = true;
  const once = new Once(async () => {
    if (fails) throw new Error('no connection');
    return 'made';
  });
  await expect(once.get()).rejects.toThrow('no connection');
  expect(once.now).toBeNull();
  fails = false;
  expect(await once.get()).toBe('made');
});
