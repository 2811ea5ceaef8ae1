import { expect, test } from 'vitest';
import { hostParts } from './host-parts.ts';

test.each([
  ['huggingface.co', '', 'huggingface.co'],
  ['www.example.org:8080', 'www.', 'example.org:8080'],
  ['huggingface.co.models.example.org', 'huggingface.co.models.', 'example.org'],
  ['cdn.example.co.uk', 'cdn.', 'example.co.uk'],
  ['localhost:9000', '', 'localhost:9000'],
  ['127.0.0.1:4173', '', '127.0.0.1:4173'],
  ['[::1]:4173', '', '[::1]:4173'],
])('%s is %j, then %j', (host, before, owner) =>
  expect(hostParts(host)).toEqual({ before, owner }),
);

test('the beginning of a long one is cut, the end is whole', () => {
  const { before, owner } = hostParts(
    `huggingface.co.${'a'.repeat(60)}.${'b'.repeat(60)}.evil.example`,
  );
  expect(owner).toBe('evil.example');
  expect(before).toBe(`…${'b'.repeat(23)}.`);
});
