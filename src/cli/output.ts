/** Where an export goes: to stdout, or to a file that is whole or not there. */
import {randomUUID} from 'node:crypto';
import {open, realpath, rename, rm, stat} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import type {Writable} from 'node:stream';
import {CommandError} from './errors.js';
import {writeText} from './write-text.js';

export type Output = {
  write(text: string): Promise<void>;
  /** All is written: now it takes the place of what was there. */
  finish(): Promise<void>;
  /** What was written is not to stay. Nothing after `finish`. */
  discard(): Promise<void>;
};

/** Something that is there already, with symbolic links followed. */
const look = async (path: string) => {
  try {
    const real = await realpath(path);
    return {path: real, stats: await stat(real)};
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code == 'ENOENT') {
      return {path, stats: undefined};
    }
    throw error;
  }
};

/** The new name is to outlive a crash of the machine, too. */
const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};

const openFile = async (given: string): Promise<Output> => {
  const {path, stats} = await look(given);
  if (stats?.isDirectory()) {
    throw new CommandError(`${given} is a folder: --output takes a file.`);
  }
  // A device or a pipe is written to as it is: nothing can take its place.
  const isPlain = !stats || stats.isFile();
  const folder = dirname(path);
  const target = isPlain
    ? join(folder, `.${basename(path).slice(0, 200)}.${randomUUID()}.part`)
    : path;
  const file = await open(target, isPlain ? 'wx' : 'w', stats?.mode ?? 0o666);
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) {
      isOpen = false;
      await file.close();
    }
  };
  return {
    write: (text) => file.writeFile(text),
    finish: async () => {
      if (isPlain) {
        await file.sync();
      }
      await close();
      if (isPlain) {
        await rename(target, path);
        await syncFolder(folder);
      }
    },
    discard: async () => {
      await close();
      if (isPlain) {
        await rm(target, {force: true});
      }
    },
  };
};

/** Opens a file, or stdout where there is none or it is called `-`. */
export const openOutput = async (
  path: string | undefined,
  stdout: Writable,
): Promise<Output> => {
  if (path === undefined || path == '-') {
    return {
      write: (text) => writeText(stdout, text),
      finish: async () => {},
      discard: async () => {},
    };
  }
  try {
    return await openFile(path);
  } catch (error) {
    throw error instanceof CommandError
      ? error
      : new CommandError(
          `${path} cannot be written: ${(error as Error).message}`,
        );
  }
};

/** Has something written, whole or not at all. */
export const writeOutput = async <Result>(
  output: Output,
  run: (write: Output['write']) => Promise<Result>,
): Promise<Result> => {
  try {
    const result = await run(output.write);
    await output.finish();
    return result;
  } catch (error) {
    await output.discard();
    throw error;
  }
};
