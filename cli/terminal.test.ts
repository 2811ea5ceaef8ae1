import { expect, test, vi } from 'vitest';
import { cli } from '../test/cli.ts';
import { plain, plainConsole } from './terminal.ts';

test('control characters are printed as code points, and keep their meaning in JSON', () => {
  const text = 'a\u001b[31mb\u009b2Jc\r\u0007\u202ed\u2066e';
  expect(plain(text)).toBe('a\\u001b[31mb\\u009b2Jc\\u000d\\u0007\\u202ed\\u2066e');
  expect(JSON.parse(plain(JSON.stringify({ text })))).toEqual({ text });
  expect(plain('tabs\tand\nlines, ünïcode, 日本語, שלום, 👩‍💻')).toBe(
    'tabs\tand\nlines, ünïcode, 日本語, שלום, 👩‍💻',
  );
});

test('while a command runs, whatever is printed is plain', () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const restore = plainConsole();
  console.log('\u001b]0;title\u0007', 7);
  restore();
  console.log('\u001b');
  expect(log.mock.calls).toEqual([['\\u001b]0;title\\u0007', 7], ['\u001b']]);
  log.mockRestore();
});

test.each([
  ['a command', ['\u001b[2J']],
  ['a file', ['inspect', 'no\u001b[2J\u009b.onnx']],
  ['a setting', ['run', 'where', '--set', 'a\u001b[2J=1']],
])('the name of %s', async (_, args) => {
  const { out, err } = await cli(...args);
  expect(out + err).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  expect(err).toContain('\\u001b');
});
