/**
 * Writes `licenses.md` for the built page: every bundled package with its licence, including those
 * of the workers. The list of `vite build` omits the workers.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Plugin } from 'vite';

interface Package {
  name: string;
  version: string;
  license: string;
  text: string;
}

/** Notices of packages that contain no licence text. */
const WITHOUT_TEXT: Record<string, string> = {
  '@bufbuild/protobuf':
    'Copyright 2021-2026 Buf Technologies, Inc. Apache License, Version 2.0: https://www.apache.org/licenses/LICENSE-2.0. Parts are copyright 2008 Google Inc., BSD-3-Clause: https://opensource.org/license/bsd-3-clause.',
  'onnxruntime-web':
    'Copyright (c) Microsoft Corporation. MIT License. What the runtime itself is made of: ThirdPartyNotices.txt at https://github.com/microsoft/onnxruntime, tag of this version.',
};

/**
 * Two plugins that share one list: `worker` for `worker.plugins`, and `page` for `plugins`, which
 * writes the list after the workers are built.
 */
export function notices(also: readonly { title: string; file: string }[]): {
  page: Plugin;
  worker: () => Plugin[];
} {
  const packages = new Map<string, Package>();
  const collect = (ids: Iterable<string>) => {
    for (const id of ids) {
      const folder = packageOf(id);
      if (folder && !packages.has(folder)) packages.set(folder, read(folder));
    }
  };
  return {
    worker: () => [
      {
        name: 'worker-notices',
        generateBundle() {
          collect(this.getModuleIds());
        },
      },
    ],
    page: {
      name: 'notices',
      apply: 'build',
      generateBundle() {
        collect(this.getModuleIds());
        const parts = [...packages.values()]
          .sort((a, b) => a.name.localeCompare(b.name))
          .map(
            ({ name, version, license, text }) => `## ${name} ${version} (${license})\n\n${text}\n`,
          );
        for (const { title, file } of also)
          parts.push(`## ${title}\n\n${readFileSync(file, 'utf8').trim()}\n`);
        this.emitFile({
          type: 'asset',
          fileName: 'licenses.md',
          source: `# Licences of what is in this page\n\n${parts.join('\n')}`,
        });
      },
    },
  };
}

/** The directory of the package that contains a module. Null for the project's own modules. */
function packageOf(id: string): string | null {
  const path = id.replace(/^\0/, '').replace(/[?#].*$/, '');
  if (!/[\\/]node_modules[\\/]/.test(path)) return null;
  for (let at = dirname(path); /[\\/]node_modules[\\/]/.test(at); at = dirname(at)) {
    // Some packages contain an unnamed package.json that only sets the module type.
    const file = join(at, 'package.json');
    if (
      existsSync(file) &&
      (JSON.parse(readFileSync(file, 'utf8')) as { version?: string }).version
    )
      return at;
  }
  return null;
}

function read(folder: string): Package {
  const { name, version, license } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  ) as Package;
  const file = readdirSync(folder).find((f) => /^(licen[cs]e|copying)/i.test(f));
  const text = file ? readFileSync(join(folder, file), 'utf8').trim() : WITHOUT_TEXT[name];
  if (text === undefined)
    throw new Error(`${name} comes without the text of its licence: say it in tools/notices.ts`);
  return { name, version, license, text };
}
