/** Installs what has a lockfile of its own. */
import {execFile} from 'node:child_process';
import {stat} from 'node:fs/promises';
import {promisify} from 'node:util';
import {REPOSITORY} from './servers.js';

/** When a file was last written; never, where there is none. */
const readTime = async (path: string): Promise<number> => {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return 0;
  }
};

/** Installs a folder, where that was not done since its lockfile was written. */
export const installOnce = async (folder: string): Promise<void> => {
  const [wanted, installed] = await Promise.all([
    readTime(`${folder}/package-lock.json`),
    readTime(`${folder}/node_modules/.package-lock.json`),
  ]);
  if (installed < wanted) {
    console.log(`Installing ${folder.slice(REPOSITORY.length)}, once …`);
    await promisify(execFile)('npm', ['ci', '--prefix', folder], {
      cwd: REPOSITORY,
    });
  }
};
