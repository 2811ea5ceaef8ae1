import { expect, test } from 'vitest';
import { isPrivateHost } from './private-host.ts';

test.each([
  'http://localhost/',
  'http://LOCALHOST:8000/',
  'http://a.localhost/',
  'http://127.0.0.1/',
  'http://2130706433/',
  'http://0x7f.1/',
  'http://0177.0.0.1/',
  'http://0/',
  'http://10.1.2.3/',
  'http://172.16.0.1/',
  'http://172.31.255.1/',
  'http://192.168.1.1/',
  'http://169.254.169.254/',
  'http://100.64.0.1/',
  'http://[::1]/',
  'http://[::]/',
  'http://[fd00::1]/',
  'http://[fe80::1]/',
  'http://[::ffff:127.0.0.1]/',
  'http://printer/',
  'http://nas.local/',
  'http://metadata.google.internal/',
  'http://localhost./',
])('%s is private', (address) => expect(isPrivateHost(new URL(address).hostname)).toBe(true));

test.each([
  'https://huggingface.co/',
  'https://example.org:8080/',
  'http://172.32.0.1/',
  'http://100.128.0.1/',
  'http://11.0.0.1/',
  'http://8.8.8.8/',
  'http://[2001:db8::1]/',
  'https://localhost.example.org/',
  'https://local.example/',
])('%s is not', (address) => expect(isPrivateHost(new URL(address).hostname)).toBe(false));
