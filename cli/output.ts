/**
 * Writes output files atomically: each is written to a temporary file in the same directory and
 * then renamed. Sets of files are replaced together. Files that refer to the others (a graph, an
 * adapter's config) are removed first and put back last. See docs/command-line.md, "Output files".
 */
import { fstatSync, renameSync, rmSync, type Stats } from 'node:fs';
import {
  access,
  constants,
  open,
  readlink,
  realpath,
  rm,
  stat,
  type FileHandle,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { defined } from '../src/checked.ts';
import { AtlasError } from '../src/errors.ts';
import { reasonOf } from '../src/model/node-files.ts';
import { makeFolders } from './disk.ts';

/** The whole content, or parts of it in order. */
type Content = string | Uint8Array | Iterable<Uint8Array>;

export interface OutFile {
  path: string;
  content: Content;
}

export interface Together {
  /** Whether a file refers to the others of its set and must be replaced last. */
  leads?(path: string): boolean;
  /**
   * Suppresses the report of replaced files, for files such as checkpoints that the command itself
   * wrote.
   */
  silent?: boolean;
}

/** A path with its links resolved. */
interface Place {
  path: string;
  known: Stats | null;
}

interface Waiting {
  as: OutFile;
  place: Place;
  temporary: string;
}

/** Temporary files. All are removed on exit, but not after `kill -9`. */
const temporaryFiles = new Set<string>();
process.on('exit', () => temporaryFiles.forEach((path) => rmSync(path, { force: true })));
/** Files this command has written. Replacing them is not reported. */
const ours = new Set<string>();
let count = 0;

/** Writes one file atomically. Throws `usage`. */
export const writeBytes = (path: string, content: Content, how?: Together): Promise<void> =>
  writeTogether([{ path, content }], how);

/**
 * Writes a set of files and reports replaced files on stderr. Their directories must exist. Pipes
 * and devices are written directly. Throws `usage` and the errors of `files`; if producing or
 * writing a file fails, all old files are unchanged.
 */
export async function writeTogether(
  files: Iterable<OutFile> | AsyncIterable<OutFile>,
  { leads = () => false, silent = false }: Together = {},
): Promise<void> {
  const waiting: Waiting[] = [];
  try {
    for await (const file of files) {
      const place = await placeOf(file.path);
      if (place.known && !isReplaceable(place.known))
        await writing(file.path, () => writeThrough(place, file.content));
      else
        waiting.push({
          as: file,
          place,
          temporary: await writing(file.path, () => writeTemporary(place, file.content)),
        });
    }
    putInPlace(waiting, leads);
  } finally {
    for (const { temporary: path } of waiting) await discard(path);
  }
  const replaced = waiting.filter(({ place }) => place.known && !ours.has(place.path));
  for (const { place } of waiting) ours.add(place.path);
  if (!silent && replaced.length > 0) printReplaced(replaced.map(({ as }) => as.path));
}

/** Creates a directory and its parents. Throws `usage`. */
export async function makeFolder(path: string): Promise<void> {
  await makeFolders(path).catch((cause: unknown) => {
    throw new AtlasError(
      'usage',
      { why: `${path.slice(0, 200)} cannot be created (${reasonOf(cause)})` },
      { cause },
    );
  });
}

/**
 * Checks before a long computation that a file, or files in a directory, can be written at `path`.
 * Throws `usage`.
 */
export async function checkWritable(path: string, kind: 'file' | 'folder'): Promise<void> {
  if (kind === 'folder') return writing(path, async () => probe(await nearestFolder(path)));
  const { path: to, known } = await placeOf(path);
  return writing(path, async () => {
    if (known) await access(to, constants.W_OK);
    if (!known || isReplaceable(known)) await probe(dirname(to));
  });
}

/** Follows links, also dangling ones. Throws `usage` if no file can be at the path. */
async function placeOf(path: string): Promise<Place> {
  // A trailing slash names a directory, even if it does not exist.
  if (path === '' || /[\\/]$/.test(path)) throw unwritable(path, 'it is not a file name');
  const known = await writing(path, () => found(path));
  if (known?.isDirectory()) throw unwritable(path, 'it is a folder');
  if (known)
    return { path: known.isFile() ? await writing(path, () => realpath(path)) : path, known };
  const above = dirname(path);
  const folder = await writing(path, () => found(above));
  if (!folder?.isDirectory())
    throw unwritable(
      path,
      folder
        ? `${above.slice(0, 200)} is not a folder`
        : `the folder ${above.slice(0, 200)} does not exist`,
    );
  const home = await realpath(above);
  const link = await readlink(path).catch(() => null);
  return link === null ? { path: join(home, basename(path)), known } : placeOf(resolve(home, link));
}

const found = (path: string): Promise<Stats | null> =>
  stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });

/**
 * Whether a file can be replaced by renaming. Pipes and devices cannot. A file that stdout is
 * redirected to must stay the same file.
 */
const isReplaceable = (known: Stats): boolean => known.isFile() && !isStdout(known);

function isStdout({ dev, ino }: Stats): boolean {
  try {
    const printed = fstatSync(1);
    return printed.dev === dev && printed.ino === ino;
  } catch {
    return false;
  }
}

/** The nearest existing directory above a path whose directories will be created. */
async function nearestFolder(path: string): Promise<string> {
  for (let at = resolve(path); ; at = dirname(at)) {
    const known = await found(at);
    if (known?.isDirectory()) return at;
    if (known)
      throw unwritable(
        path,
        at === resolve(path)
          ? 'a file already has this name'
          : `${at.slice(0, 200)} is not a folder`,
      );
  }
}

/** Creates a file and removes it again: permissions alone do not show that writing works. */
async function probe(folder: string): Promise<void> {
  const path = temporaryPath(folder);
  try {
    await (await open(path, 'wx')).close();
  } finally {
    await discard(path);
  }
}

/** The name is short, so that it fits wherever the file's own name does. */
function temporaryPath(folder: string): string {
  const path = join(folder, `.rank-atlas-${process.pid}-${count++}`);
  temporaryFiles.add(path);
  return path;
}

async function discard(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => undefined);
  temporaryFiles.delete(path);
}

/**
 * Writes the content to a temporary file in the same directory, with the permissions of the
 * existing file, and flushes it to disk.
 */
async function writeTemporary({ path, known }: Place, content: Content): Promise<string> {
  const to = temporaryPath(dirname(path));
  try {
    const file = await open(to, 'wx', known ? 0o600 : 0o666);
    try {
      await writeAll(file, content);
      if (known) await takeRights(file, known);
      await file.sync();
    } finally {
      await file.close();
    }
    return to;
  } catch (error) {
    await discard(to);
    throw error;
  }
}

async function takeRights(file: FileHandle, { uid, gid, mode }: Stats): Promise<void> {
  const own = await file.stat();
  // Only root can change the owner. Otherwise the new file belongs to the current user.
  if (own.uid !== uid || own.gid !== gid) await file.chown(uid, gid).catch(() => undefined);
  await file.chmod(mode & 0o777);
}

async function writeThrough({ path, known }: Place, content: Content): Promise<void> {
  if (isStdout(defined(known))) {
    for (const piece of pieces(content))
      await new Promise<void>((done, fail) =>
        process.stdout.write(piece, (error) => (error ? fail(error) : done())),
      );
    return;
  }
  const file = await open(path, 'w');
  try {
    await writeAll(file, content);
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, content: Content): Promise<void> {
  // `writeFile` continues at the position of the handle and handles short writes.
  for (const piece of pieces(content)) await file.writeFile(piece);
}

const pieces = (content: Content): Iterable<string | Uint8Array> =>
  typeof content === 'string' || content instanceof Uint8Array ? [content] : content;

/** Uses synchronous calls, so that no signal handler runs half-way. */
function putInPlace(waiting: readonly Waiting[], leads: (path: string) => boolean): void {
  const [led, leading] = [false, true].map((leader) =>
    waiting.filter(({ as }) => leads(as.path) === leader),
  ) as [Waiting[], Waiting[]];
  const trying = ({ as }: Waiting, move: () => void) => {
    try {
      move();
    } catch (cause) {
      throw unwritable(as.path, reasonOf(cause), cause);
    }
  };
  if (waiting.length > 1)
    for (const one of leading) trying(one, () => rmSync(one.place.path, { force: true }));
  for (const one of [...led, ...leading])
    trying(one, () => renameSync(one.temporary, one.place.path));
}

function printReplaced(paths: readonly string[]): void {
  const [first] = paths;
  const more = paths.length - 1;
  console.error(
    `rank-atlas: replaced ${defined(first).slice(0, 200)}${more > 0 ? ` and ${more} more file${more > 1 ? 's' : ''}` : ''}.`,
  );
}

const unwritable = (path: string, why: string, cause?: unknown) =>
  new AtlasError('usage', { why: `${path.slice(0, 200)} cannot be written (${why})` }, { cause });

async function writing<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    throw cause instanceof AtlasError ? cause : unwritable(path, reasonOf(cause), cause);
  }
}
